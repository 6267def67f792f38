# needs: lib/kube
# external-endpoints: tells kubeadm which members etcd has: etcd.external.endpoints in the ConfigMap kube-system/kubeadm-config. kubeadm writes them
# into the manifest of each kube-apiserver that it makes anew. The old text is kept in $aside. Nothing to do if there is no such ConfigMap, or
# its etcd isn't external.
# arguments: SERVER, this side's kube-apiserver;  URL ..., the client URLs of etcd's members
main() {
  local server=$1 path=/api/v1/namespaces/kube-system/configmaps/kubeadm-config answer="" result="" before after version
  begin "$@"
  shift
  until_true 60 kube_or_missing "$server" GET "$path" || die "API: the ConfigMap kubeadm-config can't be read: ${answer:0:300}"
  if [[ $result == 4 ]]; then
    did "kubeadm-config: there is none"
    finish
    return
  fi
  before=$(json_value ClusterConfiguration <<<"$answer")
  version=$(json_value resourceVersion <<<"$answer")
  after=$(with_endpoints "$@" <<<"$before") ||
    die "kubeadm-config: etcd.external must be lines of their own, as kubeadm writes them, and stands in braces: write it so (kubectl -n kube-system edit configmap kubeadm-config), and run \`pulumi up\` again"
  if [[ $after == "$before" ]]; then
    did "kubeadm-config: its etcd.external.endpoints are these already, or it has none"
    finish
    return
  fi
  mkdir -p "$aside"
  printf '%s\n' "$before" >"$aside/kubeadm-config"
  # the version makes the API refuse the change if someone else has made one in between
  answer=$(kube "$server" PATCH "$path" application/merge-patch+json \
    "{\"metadata\":{\"resourceVersion\":$(json "$version")},\"data\":{\"ClusterConfiguration\":$(json "$after"$'\n')}}") ||
    die "API: the ConfigMap kubeadm-config can't be changed: ${answer:0:300}"
  did "kubeadm-config: etcd.external.endpoints are $* now; what it was is in $aside/kubeadm-config"
  finish
}

# json_value KEY <JSON: prints the first text under this key, which is no text within another one, without its escapes.
json_value() {
  grep -o -E "\"$1\": ?\"([^\"\\\\]|\\\\.)*\"" | head -n 1 | sed -E "s/^\"$1\": ?\"//; s/\"\$//" |
    sed -e 's/\\u003c/</g; s/\\u003e/>/g; s/\\u0026/\&/g' | awk '{
      text = ""
      while (match($0, /\\./)) {
        sign = substr($0, RSTART + 1, 1)
        text = text substr($0, 1, RSTART - 1) (sign == "n" ? "\n" : sign == "t" ? "\t" : sign)
        $0 = substr($0, RSTART + 2)
      }
      printf "%s", text $0
    }'
}

# with_endpoints URL ... <CLUSTER-CONFIGURATION: prints the same YAML with these endpoints of the external etcd, an item a line, as kubeadm writes them;
# a list in brackets, as a person may have written it, becomes such a list. Fails if etcd or its external part stands in braces.
with_endpoints() {
  URLS=$* awk '
    { match($0, /^ */); depth = RLENGTH }
    # a list in brackets ends with its bracket, any other one with the first line that is no item of it
    brackets { if ($0 ~ /\]/) brackets = 0; next }
    listing && !($0 ~ /^ *- / && depth >= list) { listing = 0 }
    listing { next }
    /^[^ #]/ {
      inEtcd = ($0 ~ /^etcd: *(#.*)?$/); inExternal = 0
      if (!inEtcd && $0 ~ /^etcd: .*external/) exit 3
    }
    inEtcd && /^ +external: *(#.*)?$/ { inExternal = 1; external = depth; print; next }
    inEtcd && /^ +external: / { exit 3 }
    inExternal && depth <= external { inExternal = 0 }
    inExternal && /^ +endpoints:/ {
      printf "%*sendpoints:\n", depth, ""
      count = split(ENVIRON["URLS"], urls, " ")
      for (i = 1; i <= count; i++) printf "%*s- %s\n", depth, "", urls[i]
      if ($0 ~ /^ +endpoints: *\[/) { brackets = ($0 !~ /\]/) } else { listing = 1; list = depth }
      next
    }
    { print }'
}
