// etcd 3.4.15: its tag's commit, since 3.4's module path carries no major version. golang.org/x/sys as a current Go needs it.
module rke-dr/lab/build/etcd

go 1.25

require (
	go.etcd.io/etcd v0.5.0-alpha.5.0.20210226220824-aa7126864d82
	golang.org/x/sys v0.30.0
)
