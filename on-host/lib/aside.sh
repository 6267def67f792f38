# needs: runtime
# Lists what acts have set aside on this host and nobody has deleted: preview shows this list (facts.sh prints it), and purge deletes by the
# same list. Reads $state, which both set.
# shellcheck shell=bash

# aside_files: prints a line "EPOCH BYTES PATH" for each file or folder. Links are left out: if etcd has a disk of its own, its old data stays
# on that disk, and the data that a link in epoch-N points to is listed by itself.
aside_files() {
  local file number
  for file in "$state"/epoch-*/{data,data.new,etcd-data*,snapshot.db*,snapshot.new,brought.db*} /var/lib/etcd/rke-dr-epoch-*/etcd-data* \
    /var/lib/etcd/{back,before,rke-dr-forced,restore,restored}-epoch-* \
    /etc/rke-dr/*.before-epoch-*; do
    [[ -e $file && ! -L $file && $file =~ epoch-([0-9]+)(/[^/]+)?$ ]] || continue
    number=${BASH_REMATCH[1]}
    printf '%s %s %s\n' "$number" "$(du -sb "$file" | cut -f1)" "$file"
  done
}

# aside_processes: prints a line "EPOCH NAME" for each process. EPOCH is "unknown" if neither the name nor the description that was kept
# when it was set aside shows it. Reads $all_names, all processes' names, if the caller has set it: asking the runtime takes a while.
aside_processes() {
  local name noted number
  printf '%s\n' "${all_names-$(process_names 2>/dev/null)}" | while IFS= read -r name; do
    if [[ $name =~ -before-epoch-([0-9]+)(-[0-9]+)?$ ]]; then
      printf '%s %s\n' "${BASH_REMATCH[1]}" "$name"
    elif [[ $name =~ -before-(join|leave)-[0-9TZ]+$ ]]; then
      number=unknown
      for noted in "$state"/epoch-*/"$name.$kept_as"; do
        if [[ -e $noted && $noted =~ /epoch-([0-9]+)/[^/]+$ ]]; then number=${BASH_REMATCH[1]}; fi
      done
      printf '%s %s\n' "$number" "$name"
    fi
  done
}
