// etcd 3.5.12 from Go modules, as RKE's image of that version has it.
module rke-dr/lab/build/etcd

go 1.25

require (
	go.etcd.io/etcd/etcdctl/v3 v3.5.12
	go.etcd.io/etcd/etcdutl/v3 v3.5.12
	go.etcd.io/etcd/server/v3 v3.5.12
)
