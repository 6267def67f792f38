# needs: lib/etcd/compare
# verify-data: checks that all members of etcd have the same data: one hash of all keys at one revision.
# arguments: CERTIFICATE, the name of this host's certificate for etcd;  NAME=PEER-URL ... of all members, this host's first
main() {
  local certificate=$1 result=0 why="" compared="" at="" newest=0
  begin "$@"
  shift
  same_data "$certificate" "$@" || result=$?
  case $result in
    0) did "etcd's members have the same data: $compared" ;;
    1) die "etcd: its members have different data: $compared; see \"Data that differs\" in docs/failback.md" ;;
    *) die "etcd: its members' data can't be compared: $why; run \`pulumi up\` again" ;;
  esac
  fact data "$compared"
  finish
}
