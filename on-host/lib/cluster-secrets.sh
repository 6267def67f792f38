# needs: nothing
# cluster.yml with and without the secrets that a topology has only placeholders for. They stand in
# /etc/rke-dr/cluster-secrets, a line for each: its placeholder, a tab, the secret as JSON, which is YAML as well.

# From stdin to stdout: cluster.yml as `rke` reads it.
with_cluster_secrets() {
  exchange_cluster_secrets fill
}

# From stdin to stdout: cluster.yml as it may be shown.
without_cluster_secrets() {
  exchange_cluster_secrets hide
}

exchange_cluster_secrets() {
  local file=/etc/rke-dr/cluster-secrets
  if [[ ! -r $file ]]; then
    cat
    return
  fi
  awk -v way="$1" -v file="$file" '
    function exchanged(text, from, to,   out, at) {
      while ((at = index(text, from)) > 0) {
        out = out substr(text, 1, at - 1) to
        text = substr(text, at + length(from))
      }
      return out text
    }
    BEGIN {
      while ((getline line < file) > 0) {
        tab = index(line, "\t")
        count++
        placeholder[count] = substr(line, 1, tab - 1)
        secret[count] = substr(line, tab + 1)
      }
    }
    {
      for (i = 1; i <= count; i++) {
        if (way == "fill") {
          $0 = exchanged($0, "\"" placeholder[i] "\"", secret[i])
          $0 = exchanged($0, placeholder[i], secret[i])
        } else {
          $0 = exchanged($0, secret[i], placeholder[i])
        }
      }
      print
    }
  '
}
