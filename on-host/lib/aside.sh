# needs: nothing
# What acts have set aside on this host and nobody has deleted: preview tells it and purge deletes it, of one list. Sent ahead
# of both; reads $state.
# shellcheck shell=bash

# aside_files: a line "EPOCH BYTES PATH" each. Links are left out: on a disk of its own etcd's old data stays on that disk, and
# what the link in epoch-N points to stands here by itself.
aside_files() {
  local file number
  for file in "$state"/epoch-*/{data,data.new,etcd-data*,snapshot.db*,snapshot.new} /var/lib/etcd/rke-dr-epoch-*/etcd-data* \
    /var/lib/etcd/{before,rke-dr-forced,restore,restored}-epoch-* \
    /etc/rke-dr/*.before-epoch-*; do
    [[ -e $file && ! -L $file && $file =~ epoch-([0-9]+)(/[^/]+)?$ ]] || continue
    number=${BASH_REMATCH[1]}
    printf '%s %s %s\n' "$number" "$(du -sb "$file" | cut -f1)" "$file"
  done
}

# aside_containers: a line "EPOCH NAME" each; EPOCH is "unknown" where neither the name nor what was noted when the container
# was set aside tells it.
aside_containers() {
  local name noted number
  # a script that has asked for all names doesn't ask twice
  printf '%s\n' "${container_names-$(docker ps -a --format '{{.Names}}' 2>/dev/null </dev/null)}" | while IFS= read -r name; do
    if [[ $name =~ -before-epoch-([0-9]+)(-[0-9]+)?$ ]]; then
      printf '%s %s\n' "${BASH_REMATCH[1]}" "$name"
    elif [[ $name =~ -before-join-[0-9TZ]+$ ]]; then
      number=unknown
      for noted in "$state"/epoch-*/"$name.container"; do
        if [[ -e $noted && $noted =~ /epoch-([0-9]+)/[^/]+$ ]]; then number=${BASH_REMATCH[1]}; fi
      done
      printf '%s %s\n' "$number" "$name"
    fi
  done
}
