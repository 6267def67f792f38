# needs: lib/kube
# addons: restarts the system's pods that watch the API: CoreDNS, CNI, ingress and all others in the same namespaces.
# After a restore whose revision couldn't be put ahead, their watches wait for revisions that come a second time with other content
# (kubernetes#107457); after any restore, CNI pods may keep routes to pods that don't exist (rancher#21490).
# The effect is that of `kubectl rollout restart`: each controller replaces its pods one after the other.
# arguments: SERVER NAMESPACE ...
main() {
  local server=$1 namespace kind names name at answer result
  begin "$@"
  shift
  at=$(date -u +%Y-%m-%dT%H:%M:%SZ)
  for namespace in "$@"; do
    for kind in daemonsets deployments statefulsets; do
      names=$(names_of "$server" "/apis/apps/v1/namespaces/$namespace/$kind") ||
        die "API: the $kind of namespace $namespace can't be listed: ${names:0:300}"
      for name in $names; do
        result=0
        answer=$(kube "$server" PATCH "/apis/apps/v1/namespaces/$namespace/$kind/$name?fieldManager=rke-dr" \
          application/strategic-merge-patch+json \
          "{\"spec\":{\"template\":{\"metadata\":{\"annotations\":{\"kubectl.kubernetes.io/restartedAt\":\"$at\"}}}}}") || result=$?
        case $result in
          0) did "${kind%s} $namespace/$name: its pods are replaced one after the other" ;;
          4) ;; # deleted in between, or the name belongs to a pod template
          *) die "API: ${kind%s} $namespace/$name can't be restarted: ${answer:0:300}" ;;
        esac
      done
    done
  done
  ((${#did[@]} > 0)) || did "nothing runs in $*"
  finish
}

# names_of SERVER PATH: prints the names of the list's objects. The API writes an object's name first in its metadata, in the order of its
# Go structs; the list's own metadata has no name. On failure it prints the answer and returns 1.
names_of() {
  local answer
  answer=$(kube "$1" GET "$2") || {
    printf '%s' "$answer"
    return 1
  }
  # curl gets indented JSON
  tr -d '\n' <<<"$answer" | { grep -o '"metadata": *{ *"name": *"[^"]*"' || true; } | sed -E 's/.*"([^"]*)"$/\1/' | sort -u
}
