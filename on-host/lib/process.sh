# needs: lib/step runtime
# What several steps do with the processes of this host, whichever runtime starts them.
# shellcheck shell=bash

# bring_newest_back NAME: a process that an act or the return guard has set aside runs again, as it was; of several that of the newest epoch. Ends the
# step if there is none.
bring_newest_back() {
  local kept
  kept=$(process_names | grep -E "^$1-before-epoch-[0-9]+(-[0-9]+)?\$" | sort -V | tail -n 1) || true
  [[ -n $kept ]] || die "$1: neither runs on this host nor is set aside: it can't be brought back"
  process_bring_back "$kept" "$1"
  did "$kept is $1 again, as it was"
}

# set_process_aside NAME NEW-NAME [GRACE SECONDS]: stops and renames it so that neither the runtime nor a boot starts it again, and keeps its
# description for this epoch. GRACE is 10 if it isn't given.
set_process_aside() {
  process_set_aside "$1" "$2" "${3:-10}"
  in_background process_keep_description "$2" "$2" "$aside"
  did "container $1 stopped, kept as $2, restart policy off"
  fact "aside container $2" ""
}
