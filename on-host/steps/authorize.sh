# needs: lib/step
# authorize: lets the deploy hosts' keys in. stdin: lines of authorized_keys, each ending in a comment rke-dr:HOST.
# Keys that this program put here before for the same deploy host are replaced; all other lines stay as they are.
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
  did "keys let in: $(grep -o 'rke-dr:[^ ]*$' "$file" | cut -d: -f2 | paste -sd' ')"
  finish
}
