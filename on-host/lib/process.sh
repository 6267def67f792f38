# needs: lib/step runtime
# What several steps do with the processes of this host, whichever runtime starts them.
# shellcheck shell=bash

# set_process_aside NAME NEW-NAME [GRACE SECONDS]: stops and renames it so that neither the runtime nor a boot starts it again, and keeps its
# description for this epoch. GRACE is 10 if it isn't given.
set_process_aside() {
  process_set_aside "$1" "$2" "${3:-10}"
  in_background process_keep_description "$2" "$2" "$aside"
  did "container $1 stopped, kept as $2, restart policy off"
  fact "aside container $2" ""
}
