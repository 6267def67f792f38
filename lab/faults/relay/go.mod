// Delays frames where the kernel lacks netem. Standard library only.
module rke-dr/lab/relay

go 1.21
