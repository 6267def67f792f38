// Fills in KubeKey's own templates for three hosts: go run how-it-was-recorded.go KUBEKEY [TO]
// KUBEKEY is a git directory of kubesphere/kubekey: branch 3.x has `kk create cluster` of releases 3, main has release 4. The values are its defaults.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"text/template"
)

var hosts = []struct{ name, ip string }{{"node1", "192.168.31.111"}, {"node2", "192.168.31.112"}, {"node3", "192.168.31.113"}}

// The functions that the templates use, as sprig has them.
var functions = template.FuncMap{
	"list":   func(items ...any) []any { return items },
	"append": func(items []any, item any) []any { return append(items, item) },
	"join": func(with string, items []any) string {
		words := []string{}
		for _, item := range items {
			words = append(words, fmt.Sprint(item))
		}
		return strings.Join(words, with)
	},
	"empty": func(value any) bool { return value == nil || reflect.ValueOf(value).IsZero() },
	"has": func(item any, items []any) bool {
		for _, other := range items {
			if other == item {
				return true
			}
		}
		return false
	},
	"dict": func(...any) map[string]any { return map[string]any{} },
	"default": func(other, value any) any {
		if value == nil || reflect.ValueOf(value).IsZero() {
			return other
		}
		return value
	},
	"kindIs": func(kind string, value any) bool { return value != nil && reflect.ValueOf(value).Kind().String() == kind },
}

func show(repository, of string) string {
	text, err := exec.Command("git", "--git-dir", repository, "show", of).Output()
	if err != nil {
		panic(err)
	}
	return string(text)
}

// What stands between the backticks of a template in Go's source, without the indentation that dedent takes away.
func inSource(source string) string { return regexp.MustCompile("(?s)Dedent\\(`(.*?)`\\)").FindStringSubmatch(source)[1] }

func write(to, version, host, file, text string, values any) {
	folder := filepath.Join(to, version, host)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		panic(err)
	}
	out, err := os.Create(filepath.Join(folder, file))
	if err != nil {
		panic(err)
	}
	defer out.Close()
	if err := template.Must(template.New(file).Funcs(functions).Parse(text)).Execute(out, values); err != nil {
		panic(err)
	}
}

func main() {
	repository, to := os.Args[1], "."
	if len(os.Args) > 2 {
		to = os.Args[2]
	}
	folder3, folder4 := "cmd/kk/pkg/etcd/templates/", "builtin/core/roles/etcd/install/"
	peers, vars := []string{}, map[string]any{}
	for _, h := range hosts {
		peers = append(peers, fmt.Sprintf("etcd-%s=https://%s:2380", h.name, h.ip))
		vars[h.name] = map[string]any{"hostname": h.name, "internal_ipv4": h.ip, "etcd_install_LoadState": map[string]any{"stdout": "not-found"}}
	}
	for _, h := range hosts {
		write(to, "kubekey-3", h.name, "etcd.env", inSource(show(repository, "3.x:"+folder3+"etcd_env.go")), map[string]any{
			"Tag": "v3.5.13", "Name": "etcd-" + h.name, "Ip": h.ip, "Port": 2379, "PeerPort": 2380, "Hostname": h.name,
			"State": "new", "PeerAddresses": strings.Join(peers, ","), "ElectionTimeout": 5000, "HeartbeatInterval": 250,
			"CompactionRetention": 8, "SnapshotCount": 10000, "UnsupportedArch": false, "Arch": "amd64",
		})
		write(to, "kubekey-3", h.name, "etcd.service", inSource(show(repository, "3.x:"+folder3+"etcd_service.go")), nil)
		write(to, "kubekey-4", h.name, "etcd.env", show(repository, "main:"+folder4+"templates/etcd.env"), map[string]any{
			"groups": map[string]any{"etcd": []any{"node1", "node2", "node3"}}, "hostvars": vars, "hostname": h.name, "inventory_hostname": h.name,
			"internal_ipv4": h.ip, "internal_ipv6": "", "need_uninstall_etcd": []any{}, "etcd_member_list": map[string]any{},
			"etcd": map[string]any{"port": 2379, "peer_port": 2380, "metrics": "", "env": map[string]any{
				"election_timeout": 5000, "heartbeat_interval": 250, "compaction_retention": 8, "snapshot_count": 10000,
				"data_dir": "/var/lib/etcd", "token": "k8s_etcd", "quota_backend_bytes": "", "max_request_bytes": "", "max_snapshots": "",
				"max_wals": "", "log_level": "", "unsupported_arch": "", "metrics": ""}},
		})
		write(to, "kubekey-4", h.name, "etcd.service", show(repository, "main:"+folder4+"files/etcd.service"), nil)
	}
}
