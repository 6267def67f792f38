// cert-deployer of the lab: a stand-in for the script in RKE's tools image. Writes each certificate, key and kubeconfig
// that RKE passes as an environment variable to its file: KUBE_CA -> kube-ca.pem, KUBECFG_KUBE_NODE -> kubecfg-kube-node.yaml.
package main

import (
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	fmt.Println("cert-deployer: STAND-IN of the lab, not the script of rancher/rke-tools")
	folder := os.Getenv("CRTS_DEPLOY_PATH")
	if folder == "" {
		folder = "/etc/kubernetes/ssl"
	}
	for _, dir := range []string{folder, "/etc/kubernetes/.tmp"} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			log.Fatal(err)
		}
	}
	force := os.Getenv("FORCE_DEPLOY") == "true"
	for _, variable := range os.Environ() {
		key, value, _ := strings.Cut(variable, "=")
		name := fileName(key)
		if name == "" {
			continue
		}
		file := filepath.Join(folder, name)
		if _, err := os.Stat(file); err == nil && !force {
			continue
		}
		if err := replace(file, value+"\n"); err != nil {
			log.Fatal(err)
		}
		fmt.Println("wrote", file)
	}
}

// fileName is "" for a variable that holds no file.
func fileName(key string) string {
	name := strings.ReplaceAll(strings.ToLower(key), "_", "-")
	switch {
	case strings.HasPrefix(key, "KUBE_"):
		return name + ".pem"
	case strings.HasPrefix(key, "KUBECFG_"):
		return name + ".yaml"
	}
	return ""
}

// replace leaves no moment in which a process that reloads its certificates finds half a file.
func replace(file, content string) error {
	temporary := file + ".new"
	if err := os.WriteFile(temporary, []byte(content), 0o600); err != nil {
		return err
	}
	return os.Rename(temporary, file)
}
