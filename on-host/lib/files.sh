# needs: lib/lasts
# shellcheck shell=bash

# copy_content FROM ... TO: `cp` of files and folders with owner, mode and times. In the place of a link it copies what the link leads to: a copied link
# would lead to the original, and a program that writes to the copy would write there. Blocks may be shared (a reflink) until one side writes.
copy_content() { cp -aL --no-preserve=links --reflink=auto --sparse=always "$@"; }

# write_files FOLDER [ENDING]: stdin is files, each a line "@@ NAME" and its content; writes each to FOLDER/NAME, with the ending if one is
# given. What stands before the first such line is left out. The files survive a power cut, so that they can take others' places by a rename.
write_files() {
  local line file="" written=()
  while IFS= read -r line; do
    if [[ $line == "@@ "* ]]; then
      file=$1/${line#@@ }${2:-}
      : >"$file"
      written+=("$file")
    elif [[ -n $file ]]; then
      printf '%s\n' "$line" >>"$file"
    fi
  done
  for file in ${written[@]+"${written[@]}"}; do lasts "$file"; done
}
