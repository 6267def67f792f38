# needs: lib/step
# Copies of RKE's state that acts keep on the deploy host, in the current folder (/etc/rke-dr).
# shellcheck shell=bash

# keep FILE: keeps a copy from before this epoch, FILE.before-epoch-N, if there is none yet; it is written whole or not at all.
keep() {
  if [[ ! -e $1.before-epoch-$epoch ]]; then
    cp -p "$1" "$1.before-epoch-$epoch.new"
    put_new "$1.before-epoch-$epoch"
  fi
  kept_aside "$PWD/$1.before-epoch-$epoch"
}

# states_before: prints the names of RKE's states from before acts, the newest first.
states_before() { printf '%s\n' cluster.rkestate.before-epoch-* | grep -E -- '-epoch-[0-9]+$' | sort -rV; }

# whole_copy: prints, for an error's end, which copy can replace a state that is cut: the newest that isn't cut itself.
whole_copy() {
  local file
  for file in $(states_before); do
    if [[ $(tail -n 1 "$file") == "}" ]]; then
      printf '%s' "; $PWD/$file is whole: compare it, put it in its place and run again"
      return
    fi
  done
}
