#!/usr/bin/env bash
# etcd refuses a peer whose certificate is right, because its connection comes from another address than the certificate names
#
# Version:   etcd and etcdctl 3.4.23 (Debian etcd-server and etcd-client 3.4.23-4+b4). m1 is at 127.0.0.1, m2 at 127.0.0.2; Linux lets m2's
#            connections to 127.0.0.1 start at 127.0.0.1, as a router or a second interface would change them.
# Expected:  a server checks a client's certificate for its CA and its usage; addresses in it say whom one may connect to, not from where.
# Behaviour: etcd compares the address from which a peer connects with the IP addresses in that peer's certificate, and closes the connection.
#            The new member ends with "cannot fetch cluster info from peer urls" and EOF; only the other side's log, at level info, has the
#            reason. With the source address in the certificate, too, the same member joins.
# Meets:     a second datacenter behind NAT, a VPN or another interface after the routes have moved: a member that could join yesterday, or a
#            returned host with a new certificate, is refused although `openssl s_client` says that all is well.
# Seen:      certificate for 127.0.0.2:            m2 ended; m1: rejected 127.0.0.1: certificate is valid for 127.0.0.2, not 127.0.0.1
#            certificate for 127.0.0.2, 127.0.0.1: m2 started
set -euo pipefail
if [[ $# == 0 ]]; then
  script=$(realpath "$0")
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  cd "$work"
  timeout 120 apt-get -q -o APT::Sandbox::User=root download etcd-server=3.4.23-4+b4 etcd-client=3.4.23-4+b4 >/dev/null
  for package in ./*.deb; do dpkg-deb -x "$package" .; done
  # a network of its own that has only a loopback, and everything in it ends with it
  timeout 120 unshare --net --pid --fork --kill-child bash "$script" "$work"
  exit
fi
cd "$1"
ip link set lo up
export ETCDCTL_API=3
usr/bin/etcd --version | sed -n 1p
openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -days 2 -subj /CN=ca 2>/dev/null

# certificate NAME ADDRESS...: makes NAME.crt and NAME.key for both usages and these addresses.
certificate() {
  local name=$1 names
  shift
  names=$(printf 'IP:%s,' "$@")
  openssl req -new -newkey rsa:2048 -nodes -keyout "$name.key" -out "$name.csr" -subj "/CN=$name" 2>/dev/null
  openssl x509 -req -in "$name.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 1 -out "$name.crt" \
    -extfile <(printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth,clientAuth\n' "${names%,}") 2>/dev/null
}
# start N CERTIFICATE [FLAG...]: starts member N; its process id is the last job's.
start() {
  usr/bin/etcd --name="m$1" --data-dir="m$1" --listen-client-urls="http://127.0.0.$1:2379" --advertise-client-urls="http://127.0.0.$1:2379" \
    --listen-peer-urls="https://127.0.0.$1:2380" --initial-advertise-peer-urls="https://127.0.0.$1:2380" --peer-client-cert-auth \
    --peer-trusted-ca-file=ca.crt --peer-cert-file="$2.crt" --peer-key-file="$2.key" "${@:3}" >>"m$1.log" 2>&1 &
}
etcdctl() { usr/bin/etcdctl --endpoints=http://127.0.0.1:2379 --command-timeout=5s "$@"; }
# joined: waits until m2 has started or ended, and prints which, with m1's reason.
joined() {
  for _ in {1..150}; do
    ! etcdctl member list 2>/dev/null | grep -q ', started, m2,' || { echo "m2 started"; return; }
    if ! kill -0 "$member" 2>/dev/null; then
      echo "m2 ended; m1: $(sed -n 's/.*rejected connection from "\([0-9.]*\).*x509: \([^"]*\).*/rejected \1: \2/p' m1.log | head -n 1)"
      return
    fi
    sleep 0.2
  done
  echo "neither"
}
both=m1=https://127.0.0.1:2380,m2=https://127.0.0.2:2380
certificate m1 127.0.0.1
certificate narrow 127.0.0.2
certificate wide 127.0.0.2 127.0.0.1
start 1 m1 --initial-cluster=m1=https://127.0.0.1:2380
for _ in {1..100}; do
  ! etcdctl endpoint health >/dev/null 2>&1 || break
  sleep 0.1
done
etcdctl member add m2 --learner --peer-urls=https://127.0.0.2:2380 >/dev/null
start 2 narrow --initial-cluster="$both" --initial-cluster-state=existing
member=$!
narrow=$(joined)
rm -rf m2
start 2 wide --initial-cluster="$both" --initial-cluster-state=existing
member=$!
wide=$(joined)
echo "certificate for 127.0.0.2:            $narrow"
echo "certificate for 127.0.0.2, 127.0.0.1: $wide"
openssl verify -CAfile ca.crt -purpose sslclient narrow.crt
[[ $narrow == "m2 ended; m1: rejected 127.0.0.1: certificate is valid for 127.0.0.2, not 127.0.0.1" ]] || { echo "CHANGED: not refused"; exit 1; }
[[ $wide == "m2 started" ]] || { echo "CHANGED: refused with the address, too"; exit 1; }
echo "SEEN: etcd refuses a peer by the address that its connection comes from"
