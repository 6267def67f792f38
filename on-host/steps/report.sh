# needs: lib/step lib/files
# report: keeps the act's report on this deploy host, in three forms. An earlier report of the same epoch that differs stays beside it, under
# a name with its time.
# stdin: files, each a line "@@ NAME" and its content
main() {
  local dir=$state/reports new name file
  begin "$@"
  mkdir -p "$dir"
  new=$(mktemp -d "$dir/.new.XXXXXX")
  write_files "$new" <<<"$data"
  for file in "$new"/*; do
    name=${file##*/}
    if [[ -s $dir/$name ]] && ! cmp -s "$file" "$dir/$name"; then
      mv "$dir/$name" "$dir/${name%.*}.$(date -u -r "$dir/$name" +%Y%m%dT%H%M%SZ).${name##*.}"
    fi
    mv "$file" "$dir/$name"
  done
  rmdir "$new"
  did "report: $dir/epoch-$epoch.json, .md and .html"
  finish
}
