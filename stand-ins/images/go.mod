// Programs inside the lab's images: what stands in for the kubelet, kube-proxy and RKE's tools. Standard library only.
module rke-dr/stand-ins/images

go 1.21
