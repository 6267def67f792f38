# needs: lib/isolation
# unisolate: the counterpart of isolate, for failback: from here on nobody is refused at this host's etcd.
main() {
  begin "$@"
  unisolate
  finish
}
