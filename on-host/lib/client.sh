# needs: nothing
# answer_of URL CERTIFICATE SECONDS [CURL'S OPTION ...], healthy URL CERTIFICATE: CERTIFICATE is a name in /etc/kubernetes/ssl. Asked
# from the network that $sandbox, a process, is in, where that is set.
answer_of() {
  local ssl=/etc/kubernetes/ssl
  ${sandbox:+nsenter -t "$sandbox" -n} curl -sf --max-time "$3" --cacert $ssl/kube-ca.pem --cert "$ssl/$2.pem" --key "$ssl/$2-key.pem" \
    "${@:4}" "$1" 2>/dev/null </dev/null
}
healthy() { answer_of "$1" "$2" 2 | grep -Eq '^ok$|"health": ?"?true'; }
