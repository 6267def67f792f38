package main

import (
	"fmt"
	"log"
	"net"
	"net/url"
	"time"

	"rke-dr/stand-ins/images/internal/api"
)

const (
	watchSeconds = 30 // then everything is listed again, so a watch that went stale heals
	watchGrace   = 10 * time.Second
)

// tendPods follows the pods bound to this node for ever.
func (k *kubelet) tendPods() {
	once := &said{}
	mine := "fieldSelector=" + url.QueryEscape("spec.nodeName="+k.node)
	for {
		if err := k.followPods(mine); err != nil {
			once.log("pods: " + err.Error())
			time.Sleep(time.Second)
		}
	}
}

func (k *kubelet) followPods(selector string) error {
	list, err := k.client.Do("GET", "/api/v1/pods?"+selector, "", nil)
	if err != nil {
		return err
	}
	items, _ := list["items"].([]any)
	for _, item := range items {
		if pod, ok := item.(api.Object); ok {
			k.tend(pod)
		}
	}
	path := fmt.Sprintf("/api/v1/pods?watch=1&timeoutSeconds=%d&resourceVersion=%s&%s", watchSeconds, api.Text(list, "metadata", "resourceVersion"), selector)
	return k.client.Watch(path, watchSeconds*time.Second+watchGrace, func(kind string, pod api.Object) {
		switch kind {
		case "ADDED", "MODIFIED":
			k.tend(pod)
		case "DELETED":
			delete(k.podAddress, api.Text(pod, "metadata", "uid"))
		}
	})
}

// tend does the one thing that a pod needs: to go, or to be reported as running.
func (k *kubelet) tend(pod api.Object) {
	name, uid := api.Text(pod, "metadata", "name"), api.Text(pod, "metadata", "uid")
	path := "/api/v1/namespaces/" + api.Text(pod, "metadata", "namespace") + "/pods/" + name
	if address := api.Text(pod, "status", "podIP"); address != "" {
		k.podAddress[uid] = address
	}
	var err error
	switch phase := api.Text(pod, "status", "phase"); {
	case api.Text(pod, "metadata", "deletionTimestamp") != "":
		_, err = k.client.Do("DELETE", path, "application/json", api.Object{"apiVersion": "v1", "kind": "DeleteOptions",
			"gracePeriodSeconds": 0, "preconditions": api.Object{"uid": uid}})
		log.Printf("pod %s: deleted", name)
	case phase == "Succeeded" || phase == "Failed":
		return
	case phase == "Running" && api.Text(condition(pod, "Ready"), "status") == "True" && api.Text(pod, "status", "podIP") != "":
		return
	default:
		_, err = k.client.Do("PATCH", path+"/status", strategicPatch, api.Object{"metadata": api.Object{"uid": uid}, "status": k.running(pod)})
		log.Printf("pod %s: running", name)
	}
	if err != nil && !api.NotFound(err) {
		log.Printf("pod %s: %v", name, err)
	}
}

func (k *kubelet) running(pod api.Object) api.Object {
	now := time.Now().UTC().Format(time.RFC3339)
	started := api.Text(pod, "status", "startTime")
	if started == "" {
		started = now
	}
	var conditions []api.Object
	for _, kind := range []string{"Initialized", "ContainersReady", "Ready"} {
		conditions = append(conditions, api.Object{"type": kind, "status": "True", "lastTransitionTime": now})
	}
	address := k.addressOf(pod)
	return api.Object{
		"phase": "Running", "conditions": conditions, "startTime": started,
		"hostIP": k.address, "podIP": address, "podIPs": []api.Object{{"ip": address}},
		"containerStatuses": containerStatuses(pod, now),
	}
}

func containerStatuses(pod api.Object, now string) []api.Object {
	var statuses []api.Object
	containers, _ := api.At(pod, "spec", "containers").([]any)
	for _, container := range containers {
		statuses = append(statuses, api.Object{
			"name": api.Text(container, "name"), "image": api.Text(container, "image"), "imageID": "", "restartCount": 0,
			"ready": true, "started": true, "containerID": "stand-in://" + api.Text(pod, "metadata", "uid"),
			"state": api.Object{"running": api.Object{"startedAt": now}},
		})
	}
	return statuses
}

// addressOf keeps the address that a pod has; a new one gets the first of the node's range that no pod of it has.
func (k *kubelet) addressOf(pod api.Object) string {
	uid := api.Text(pod, "metadata", "uid")
	if onHost, _ := api.At(pod, "spec", "hostNetwork").(bool); onHost {
		return k.address
	}
	if k.podAddress[uid] == "" {
		k.podAddress[uid] = firstFree(k.podCIDR.Load().(string), k.podAddress)
	}
	return k.podAddress[uid]
}

func firstFree(cidr string, taken map[string]string) string {
	_, network, err := net.ParseCIDR(cidr)
	if err != nil || network.IP.To4() == nil {
		_, network, _ = net.ParseCIDR("10.42.255.0/24") // the node has no range of its own yet
	}
	used := map[string]bool{}
	for _, address := range taken {
		used[address] = true
	}
	base := network.IP.To4()
	for last := 2; last < 255; last++ {
		address := net.IPv4(base[0], base[1], base[2], byte(last)).String()
		if !used[address] {
			return address
		}
	}
	return net.IPv4(base[0], base[1], base[2], 255).String()
}
