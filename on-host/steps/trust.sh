# needs: lib/step
# trust: tests that this deploy host's SSH key opens every host.
# arguments: USER@ADDRESS:PORT ...; a leading "?" marks a host whose key isn't pinned: the key that it shows the first time is kept
main() {
  local target address port failed=()
  local ssh=(-n -i /etc/rke-dr/ssh/id_ed25519 -o BatchMode=yes -o ConnectTimeout=5 -o UserKnownHostsFile=/etc/rke-dr/ssh/known_hosts -o StrictHostKeyChecking=yes)
  begin "$@"
  for target in "$@"; do
    port=${target##*:}
    address=${target%:*} && address=${address##*@}
    if [[ $target == "?"* ]]; then
      target=${target#?}
      ssh-keygen -F "$address" -f /etc/rke-dr/ssh/known_hosts >/dev/null 2>&1 || ssh-keygen -F "[$address]:$port" -f /etc/rke-dr/ssh/known_hosts >/dev/null 2>&1 ||
        ssh-keyscan -T 5 -p "$port" "$address" 2>/dev/null >>/etc/rke-dr/ssh/known_hosts </dev/null || true
    fi
    timeout 20 ssh "${ssh[@]}" -p "$port" "${target%:*}" true 2>"$state/trust.log" || failed+=("$address: $(tail -n 1 "$state/trust.log" | cut -c1-200)")
  done
  ((${#failed[@]} == 0)) || die "SSH: this deploy host can't reach ${failed[*]}"
  did "SSH reaches $# hosts from here"
  finish
}
