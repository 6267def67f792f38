// etcd 3.5.21 from Go modules: v2 API, revision bump at restore, live snapshots of learners.
module rke-dr/lab/build/etcd

go 1.25

require (
	go.etcd.io/etcd/etcdctl/v3 v3.5.21
	go.etcd.io/etcd/etcdutl/v3 v3.5.21
	go.etcd.io/etcd/server/v3 v3.5.21
)
