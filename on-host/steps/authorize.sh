# needs: lib/step
# authorize: allows the deploy hosts' SSH keys on this host, to root or to another user. Keys that this program put here earlier are replaced,
# or removed if their host is no deploy host any more; all other lines of authorized_keys stay as they are.
# arguments: USER, none for root
# stdin: lines of authorized_keys, each ending in a comment rke-dr:HOST
main() {
  local home=$HOME file new line
  begin "$@"
  # sudo may leave $HOME the user's or make it root's
  (($# == 0)) || home=$(getent passwd "$1" | cut -d: -f6) || true
  [[ -d $home ]] || die "authorized_keys: the home folder of ${1:-root} is missing: \"$home\""
  file=$home/.ssh/authorized_keys
  for new in "$home/.ssh/" "$file"; do
    [[ ! -e $new ]] || continue
    if [[ $new == */ ]]; then mkdir "$new"; else touch "$new"; fi
    (($# == 0)) || chown "$1:" "$new"
  done
  cp -p "$file" "$file.new"
  while IFS= read -r line; do
    [[ -n $line ]] || continue
    grep -v " ${line##* }\$" "$file.new" >"$file.newer" || true
    printf '%s\n' "$line" >>"$file.newer"
    mv "$file.newer" "$file.new"
  done <<<"$data"
  while IFS= read -r line; do
    grep -q " $line\$" <<<"$data" && continue
    grep -v " $line\$" "$file.new" >"$file.newer" || true
    mv "$file.newer" "$file.new"
    did "the key of ${line#rke-dr:} is removed: it is no deploy host any more"
  done < <(grep -o 'rke-dr:[^ ]*$' "$file.new" | sort -u)
  # sshd reads the file as the user
  if (($# == 0)); then chmod 600 "$file.new"; else chown --reference="$file" "$file.new" && chmod --reference="$file" "$file.new"; fi
  # an empty one would lock everybody out
  put_new "$file"
  did "keys allowed: $(grep -o 'rke-dr:[^ ]*$' "$file" | cut -d: -f2 | paste -sd' ')"
  finish
}
