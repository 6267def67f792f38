// kube-proxy of the lab: a stand-in that only answers RKE's health check, since the lab's pods have no network.
package main

import (
	"log"

	"rke-dr/stand-ins/images/internal/health"
)

func main() {
	log.Print("kube-proxy: STAND-IN of the lab, not Kubernetes' kube-proxy: answers health checks, routes nothing")
	health.Serve(":10256", health.Always)
}
