#!/usr/bin/env bash
# An example for `endpoint: {move: docs/move-endpoint.sh}`: the name of the API leads to $RKE_DR_TO by a line in /etc/hosts of every host that is
# left, each asked by SSH, all at once. With DNS or a load balancer it would be one call of theirs. docs/failover.md names the variables.
set -euo pipefail
known=$(mktemp)
trap 'rm -f "$known"' EXIT
printf '%s\n' "$RKE_DR_KNOWN_HOSTS" >"$known"
# in place: the file may be a mount
edit="text=\$(grep -v '[[:space:]]$RKE_DR_ENDPOINT\$' /etc/hosts); printf '%s\t%s\n%s\n' $RKE_DR_TO $RKE_DR_ENDPOINT \"\$text\" >/etc/hosts"
jobs=() failed=0 login=""
for login in $RKE_DR_LOGINS; do
  ssh ${RKE_DR_SSH_KEY:+-i "$RKE_DR_SSH_KEY"} -o BatchMode=yes -o ConnectTimeout=5 -o StrictHostKeyChecking=accept-new -o LogLevel=ERROR \
    -o UserKnownHostsFile="$known" -o GlobalKnownHostsFile=/dev/null -p "${login##*:}" "${login%:*}" "$edit" </dev/null &
  jobs+=("$!")
done
for job in "${jobs[@]}"; do wait "$job" || failed=$((failed + 1)); done
((failed == 0)) || { echo "on $failed hosts $RKE_DR_ENDPOINT still leads elsewhere" >&2 && exit 1; }
echo "$RKE_DR_ENDPOINT leads to $RKE_DR_TO on ${#jobs[@]} hosts"
