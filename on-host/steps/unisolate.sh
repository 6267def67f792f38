# needs: lib/isolation
# unisolate: ends what isolate began: this host accepts all addresses at etcd's ports again.
main() {
  begin "$@"
  unisolate
  finish
}
