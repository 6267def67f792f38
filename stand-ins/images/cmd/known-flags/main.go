// known-flags runs the real Kubernetes binary of its own name (kube-apiserver, kube-controller-manager, kube-scheduler)
// with those of RKE's flags that this newer version still knows, and logs what it dropped. The binary and the list of
// its flags lie in /usr/local/real. RKE looks for the health of controller-manager and scheduler at plain HTTP ports that
// are long gone; for these two it also answers there.
package main

import (
	"crypto/tls"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"rke-dr/stand-ins/images/internal/health"
)

const realFolder = "/usr/local/real"

type healthPorts struct{ plain, secure string }

var moved = map[string]healthPorts{
	"kube-controller-manager": {"127.0.0.1:10252", "127.0.0.1:10257"},
	"kube-scheduler":          {"127.0.0.1:10251", "127.0.0.1:10259"},
}

func main() {
	log.SetFlags(log.LstdFlags | log.Lmicroseconds)
	name := filepath.Base(os.Args[0])
	binary := filepath.Join(realFolder, name)
	list, err := os.ReadFile(binary + ".flags")
	if err != nil {
		log.Fatal(err)
	}
	args, dropped := filter(os.Args[1:], parseKnown(string(list)))
	log.Printf("%s: the real one; flags it doesn't know, dropped: %s", name, strings.Join(dropped, " "))
	ports, ok := moved[name]
	if !ok {
		log.Fatal(syscall.Exec(binary, append([]string{binary}, args...), os.Environ()))
	}
	go health.Serve(ports.plain, askSecure(ports.secure))
	os.Exit(supervise(binary, args))
}

// supervise runs the binary, hands signals on to it and gives its exit code.
func supervise(binary string, args []string) int {
	command := exec.Command(binary, args...)
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	if err := command.Start(); err != nil {
		log.Print(err)
		return 1
	}
	go func() {
		for s := range signals {
			command.Process.Signal(s)
		}
	}()
	if err := command.Wait(); err != nil {
		log.Print("ended: ", err)
		return 1
	}
	return 0
}

func askSecure(address string) func() error {
	client := &http.Client{
		Timeout:   3 * time.Second,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, // own self-signed certificate, on loopback
	}
	return func() error {
		response, err := client.Get("https://" + address + "/healthz")
		if err != nil {
			return err
		}
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("https://%s/healthz: %s", address, response.Status)
		}
		return nil
	}
}
