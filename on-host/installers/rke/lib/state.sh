# needs: lib/step
# A copy from before this epoch, whole or not at all.
keep() {
  if [[ ! -e $1.before-epoch-$epoch ]]; then
    cp -p "$1" "$1.before-epoch-$epoch.new"
    mv "$1.before-epoch-$epoch.new" "$1.before-epoch-$epoch"
  fi
  kept_aside "$PWD/$1.before-epoch-$epoch"
}

# RKE's states from before acts, the newest first.
states_before() { printf '%s\n' cluster.rkestate.before-epoch-* | grep -E -- '-epoch-[0-9]+$' | sort -rV; }

# What can take the place of a state that was cut, for people: the newest copy from before an act that isn't cut itself.
whole_copy() {
  local file
  for file in $(states_before); do
    if [[ $(tail -n 1 "$file") == "}" ]]; then
      printf '%s' "; $PWD/$file is whole: compare it, put it in its place and run again"
      return
    fi
  done
}
