# needs: nothing
# shellcheck shell=bash
# write_files FOLDER [ENDING]: stdin is files, each a line "@@ NAME" and its content; writes each to FOLDER/NAME, with the ending if one is
# given. What stands before the first such line is left out.
write_files() {
  local line file=""
  while IFS= read -r line; do
    if [[ $line == "@@ "* ]]; then
      file=$1/${line#@@ }${2:-}
      : >"$file"
    elif [[ -n $file ]]; then
      printf '%s\n' "$line" >>"$file"
    fi
  done
}
