# needs: lib/isolation
# isolate: from now on this host refuses the lost side's hosts at etcd's ports, also after a reboot. A failback ends it (unisolate).
# arguments: ADDRESS ... of the lost hosts
main() {
  begin "$@"
  isolate "$@"
  finish
}
