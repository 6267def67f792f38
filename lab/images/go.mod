// Programs inside the lab's images: what stands in for the kubelet, kube-proxy and RKE's tools. Standard library only.
module rke-dr/lab/images

go 1.21
