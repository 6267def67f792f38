# needs: lib/kube
# addons: restarts what watches the API from pods of the system: CoreDNS, CNI, ingress and what else lives beside them.
# After a restore without a bumped revision their watches wait for revisions that come a second time with other content
# (kubernetes#107457), and CNI pods may keep routes of pods that don't exist (rancher#21490).
# The same as `kubectl rollout restart` of each: its controller replaces the pods one after the other.
# arguments: SERVER NAMESPACE ...
main() {
  local server=$1 namespace kind names name at answer status
  begin "$@"
  shift
  at=$(date -u +%Y-%m-%dT%H:%M:%SZ)
  for namespace in "$@"; do
    for kind in daemonsets deployments statefulsets; do
      names=$(names_of "$server" "/apis/apps/v1/namespaces/$namespace/$kind") ||
        die "API: the $kind of namespace $namespace can't be listed: ${names:0:300}"
      for name in $names; do
        status=0
        answer=$(kube "$server" PATCH "/apis/apps/v1/namespaces/$namespace/$kind/$name?fieldManager=rke-dr" \
          application/strategic-merge-patch+json \
          "{\"spec\":{\"template\":{\"metadata\":{\"annotations\":{\"kubectl.kubernetes.io/restartedAt\":\"$at\"}}}}}") || status=$?
        case $status in
          0) did "${kind%s} $namespace/$name: its pods are replaced one after the other" ;;
          4) ;; # the name of a pod template, or gone in between
          *) die "API: ${kind%s} $namespace/$name can't be restarted: ${answer:0:300}" ;;
        esac
      done
    done
  done
  ((${#did[@]} > 0)) || did "nothing runs in $*"
  finish
}

# In the order of the API's own structs the name comes first in an object's metadata; a list's has none.
names_of() {
  local answer
  answer=$(kube "$1" GET "$2") || {
    printf '%s' "$answer"
    return 1
  }
  # to curl it answers in many lines
  tr -d '\n' <<<"$answer" | { grep -o '"metadata": *{ *"name": *"[^"]*"' || true; } | sed -E 's/.*"([^"]*)"$/\1/' | sort -u
}
