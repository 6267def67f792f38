// kubelet of the lab: a stand-in. Registers its Node, renews Node status and Lease, reports the pods bound to it as
// running and lets deleted ones go. It starts no container: what the lab shows is where pods are, not what they do.
package main

import (
	"flag"
	"log"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"rke-dr/stand-ins/images/internal/api"
	"rke-dr/stand-ins/images/internal/health"
)

const beat = 10 * time.Second // as the kubelet's node status and lease

type kubelet struct {
	client     *api.Client
	node       string
	address    string
	labels     map[string]string
	taints     []api.Object
	podCIDR    atomic.Value // text; written by the heartbeat, read where pods get addresses
	podAddress map[string]string
}

func main() {
	log.SetFlags(log.LstdFlags | log.Lmicroseconds)
	flags := flag.NewFlagSet("kubelet", flag.ContinueOnError)
	name := flags.String("hostname-override", hostname(), "")
	nodeIP := flags.String("node-ip", "", "")
	kubeconfig := flags.String("kubeconfig", "/etc/kubernetes/ssl/kubecfg-kube-node.yaml", "")
	nodeLabels := flags.String("node-labels", "", "")
	taints := flags.String("register-with-taints", "", "")
	flags.Parse(only(flags, os.Args[1:]))
	log.Printf("kubelet: STAND-IN of the lab, not Kubernetes' kubelet: node %s", *name)

	go health.Serve("127.0.0.1:10248", health.Always)
	k := &kubelet{node: *name, address: *nodeIP, labels: map[string]string{}, podAddress: map[string]string{}}
	k.podCIDR.Store("")
	if k.address == "" {
		k.address = hostAddress()
	}
	for _, pair := range strings.FieldsFunc(*nodeLabels, isComma) {
		key, value, _ := strings.Cut(pair, "=")
		k.labels[key] = value
	}
	for _, taint := range strings.FieldsFunc(*taints, isComma) {
		pair, effect, _ := strings.Cut(taint, ":")
		key, value, _ := strings.Cut(pair, "=")
		k.taints = append(k.taints, api.Object{"key": key, "value": value, "effect": effect})
	}
	once := &said{}
	for k.client == nil {
		client, err := api.Load(*kubeconfig)
		if err != nil {
			once.log("credentials: " + err.Error())
			time.Sleep(time.Second)
		}
		k.client = client
	}
	go k.heartbeat()
	k.tendPods()
}

// only keeps the arguments whose flags the stand-in knows.
func only(flags *flag.FlagSet, args []string) []string {
	var kept []string
	for _, arg := range args {
		name, _, _ := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		if strings.Contains(arg, "=") && flags.Lookup(name) != nil {
			kept = append(kept, arg)
		}
	}
	return kept
}

func isComma(r rune) bool { return r == ',' }

func hostname() string {
	name, _ := os.Hostname()
	return name
}

// said logs a line unless it was the last one.
type said struct{ last string }

func (s *said) log(line string) {
	if line != s.last {
		log.Print(line)
	}
	s.last = line
}
