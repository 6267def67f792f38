// etcd 3.4.14: its tag's commit, since 3.4's module path carries no major version. golang.org/x/sys as a current Go needs it.
module rke-dr/lab/build/etcd

go 1.25

require (
	go.etcd.io/etcd v0.5.0-alpha.5.0.20201125193152-8a03d2e9614b
	golang.org/x/sys v0.30.0
)
