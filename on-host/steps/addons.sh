# needs: lib/kube
# addons: restarts the system's pods that watch the API: CoreDNS, CNI, ingress and all others in the same namespaces.
# After a restore whose revision couldn't be put ahead, their watches wait for revisions that come a second time with other content
# (kubernetes#107457); after any restore, CNI pods may keep routes to pods that don't exist (rancher#21490).
# The effect is that of `kubectl rollout restart`: each controller replaces its pods one after the other.
# arguments: SERVER NAMESPACE ...
main() {
  local server=$1 namespace kind names="" name at answer="" result=0
  begin "$@"
  shift
  at=$(date -u +%Y-%m-%dT%H:%M:%SZ)
  for namespace in "$@"; do
    for kind in daemonsets deployments statefulsets; do
      # each for a minute, because an etcd may just be starting again
      until_true 60 listed "$server" "/apis/apps/v1/namespaces/$namespace/$kind" ||
        die "API: the $kind of namespace $namespace can't be listed: ${names:0:300}"
      for name in $names; do
        until_true 60 kube_or_missing "$server" PATCH "/apis/apps/v1/namespaces/$namespace/$kind/$name?fieldManager=rke-dr" \
          application/strategic-merge-patch+json \
          "{\"spec\":{\"template\":{\"metadata\":{\"annotations\":{\"kubectl.kubernetes.io/restartedAt\":\"$at\"}}}}}" ||
          die "API: ${kind%s} $namespace/$name can't be restarted: ${answer:0:300}"
        # one that is missing was deleted in between, or the name belongs to a pod template
        ((result != 0)) || did "${kind%s} $namespace/$name: its pods are replaced one after the other"
      done
    done
  done
  ((${#did[@]} > 0)) || did "nothing runs in $*"
  finish
}

# listed SERVER PATH: true if the API gives the list. Sets $names to its objects' names, or to the API's answer. The API writes an object's name first
# in its metadata, in the order of its Go structs; the list's own metadata has no name.
listed() {
  names=$(kube "$1" GET "$2") || return 1
  # curl gets indented JSON
  names=$(tr -d '\n' <<<"$names" | { grep -o '"metadata": *{ *"name": *"[^"]*"' || true; } | sed -E 's/.*"([^"]*)"$/\1/' | sort -u)
}
