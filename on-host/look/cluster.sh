# needs: lib/kube
# cluster: reads the living cluster's API from a deploy host; changes nothing.
# arguments: SERVER, the URL of this side's kube-apiserver
# stdin: requests, a line each: PATH. Each is answered by one line on stdout, JSON, or "!" and the reason.
main() {
  local server=$1 path answer
  while IFS= read -r path; do
    if answer=$(kube "$server" GET "$path"); then
      printf '%s\n' "${answer//$'\n'/}" >&3
    else
      printf '!%s: %s\n' "$path" "$(tr '\n' ' ' <<<"$answer" | cut -c1-200)" >&3
    fi
  done
}
