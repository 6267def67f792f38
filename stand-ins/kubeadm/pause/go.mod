module rke-dr/stand-ins/kubeadm/pause

go 1.25
