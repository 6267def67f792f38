# needs: lib/isolation
# isolate: refuses the lost side's hosts at this host's etcd, and sees to it that they are refused after a reboot, too.
# Failback takes it back (unisolate).
# arguments: ADDRESS ... of the lost hosts
main() {
  begin "$@"
  isolate "$@"
  finish
}
