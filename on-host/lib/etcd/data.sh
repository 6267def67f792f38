# needs: lib/step
# etcd's data on this host: where it lies, when it was written to, and how it is set aside.
# shellcheck shell=bash

# member_aside NAME: moves etcd's data into a folder NAME beside what else this act has set aside. It must be a rename, not a copy; if etcd
# has a disk of its own, the data therefore stays on that disk. (lib/aside.sh knows both places.)
member_aside() {
  local member=/var/lib/etcd/member to=$aside
  [[ -e $member ]] || return 0
  mkdir -p "$aside"
  [[ $(stat -c %d "$member") == "$(stat -c %d "$aside")" ]] || to=/var/lib/etcd/rke-dr-epoch-$epoch
  mkdir -p "$to/$1"
  mv "$member" "$to/$1/"
  did "etcd's data moved to $to/$1, $(du -sb "$to/$1" | cut -f1) bytes"
}

# etcd_data_aside: renames etcd's data within /var/lib/etcd, which may be a mount or a link to one: a rename takes no time, whatever the
# size. $aside/data becomes a link to it.
etcd_data_aside() {
  local member=/var/lib/etcd/member place=/var/lib/etcd/before-epoch-$epoch bytes
  if [[ ! -e $aside/data ]]; then
    mkdir -p "$aside" "$place"
    [[ ! -e $member ]] || mv "$member" "$place/"
    ln -sfn "$place" "$aside/data"
  fi
  # reported on every run: an earlier run may have been killed before it could
  place=$(readlink -f "$aside/data")
  bytes=$(du -sb "$place" | cut -f1)
  fact "aside $place" "$bytes"
  did "the old data is in $place, $bytes bytes"
}

# new_data_is_there: ends the step if there is no data to start etcd from. Started on an empty folder, as when a disk wasn't mounted at
# boot, etcd would begin a new, empty cluster.
new_data_is_there() {
  [[ -n $(find -H /var/lib/etcd/member/wal -name '*.wal' -print -quit 2>/dev/null) && -s /var/lib/etcd/member/snap/db ]] ||
    die "etcd: /var/lib/etcd/member holds no data: is a disk not mounted? nothing was started"
}

# database_written: prints when etcd's database was last written to, and its size. etcd writes by pwrite(2), which changes the file's time
# (bbolt tx.write).
database_written() { stat -L -c '%.9Y %s' /var/lib/etcd/member/snap/db 2>/dev/null; }
# database_idle: true if the database wasn't written to for 2 s. Then everything that etcd has applied is in the file (etcd commits every
# 100 ms: backend.go defaultBatchInterval), and a reader of the file sees one consistent state.
database_idle() { [[ -s /var/lib/etcd/member/snap/db ]] && (($(date +%s) - $(stat -L -c %Y /var/lib/etcd/member/snap/db) >= 2)); }
