// crictl asks containerd as the kubelet does.
module rke-dr/lab/build/crictl

go 1.26.0

require sigs.k8s.io/cri-tools v1.34.0
