# needs: lib/step
# authorize: allows the deploy hosts' SSH keys on this host. A key that this program put here earlier for the same deploy host is replaced;
# all other lines of authorized_keys stay as they are.
# stdin: lines of authorized_keys, each ending in a comment rke-dr:HOST
main() {
  local file=$HOME/.ssh/authorized_keys line
  begin "$@"
  mkdir -p "$HOME/.ssh"
  touch "$file"
  cp -p "$file" "$file.new"
  while IFS= read -r line; do
    [[ -n $line ]] || continue
    grep -v " ${line##* }\$" "$file.new" >"$file.newer" || true
    printf '%s\n' "$line" >>"$file.newer"
    mv "$file.newer" "$file.new"
  done <<<"$data"
  chmod 600 "$file.new"
  mv "$file.new" "$file"
  did "keys allowed: $(grep -o 'rke-dr:[^ ]*$' "$file" | cut -d: -f2 | paste -sd' ')"
  finish
}
