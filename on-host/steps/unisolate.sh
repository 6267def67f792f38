# needs: lib/isolation
# unisolate: ends what isolate began: this host refuses nobody at etcd's ports any more.
main() {
  begin "$@"
  unisolate
  finish
}
