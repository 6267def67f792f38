# needs: lib/step lib/files
# deploy-files: puts into /etc/rke-dr what a deploy host needs, in peace and when the other side is gone: an SSH key and the hosts' keys, and for
# an installer that runs there (`rke up`) its file of the cluster and certificates.
# stdin: files, each a line "@@ PATH" and its content. certs/ gets exactly these certificates, because RKE parses every file in it.
main() {
  local dir=/etc/rke-dr new
  begin "$@"
  # a killed run may have left folders with keys, and certificates that were moved away and not yet replaced
  rm -rf "$dir"/.deploy-files.*
  if [[ ! -d $dir/certs && -d $dir/certs.before ]]; then
    mv "$dir/certs.before" "$dir/certs"
  fi
  mkdir -p "$dir"
  new=$(mktemp -d "$dir/.deploy-files.XXXXXX")
  mkdir "$new/certs" "$new/ssh"
  write_files "$new" <<<"$data"
  if [[ -s $dir/cluster.rkestate ]] && ! cmp -s "$dir/certs/kube-ca.pem" "$new/certs/kube-ca.pem"; then
    rm -rf "$new"
    die "certificates: another kube-ca than the cluster's is refused: was the stack's state lost? nothing was changed; restore the backend of stack primary"
  fi
  rm -rf "$dir/certs.before"
  [[ ! -d $dir/certs ]] || mv "$dir/certs" "$dir/certs.before"
  mv "$new/certs" "$dir/certs"
  mkdir -p "$dir/ssh"
  known_before "$new/ssh/known_hosts" "$dir/ssh/known_hosts"
  mv "$new/ssh/"* "$dir/ssh/"
  [[ -e $new/cluster-secrets ]] || rm -f "$dir/cluster-secrets"
  find "$new" -maxdepth 1 -type f -exec mv {} "$dir/" \;
  rm -rf "$new"
  did "$(find "$dir/certs" -name '*.pem' | wc -l) certificates and keys,$([[ ! -e $dir/cluster.yml ]] || echo " cluster.yml") and the SSH key put in $dir"
  finish
}

# known_before NEW OLD: adds to NEW the keys in OLD of hosts that NEW doesn't name: the keys that step trust has found where none is pinned, and
# those of hosts that leave the topology, which are reached once more.
known_before() {
  [[ -s $2 ]] || return 0
  awk -v new="$1" 'BEGIN { while ((getline line < new) > 0) { split(line, word, " "); named[word[1]] = 1 } } !($1 in named)' "$2" >"$2.left"
  cat "$2.left" >>"$1"
  rm "$2.left"
}
