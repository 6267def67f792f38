# needs: lib/step
# member_aside NAME: moves etcd's data into a folder of that name beside what else this act has set aside. On one file system that
# is a rename; etcd may have been given a disk of its own, then it stays on that disk (aside.sh knows both places).
member_aside() {
  local member=/var/lib/etcd/member to=$aside
  [[ -e $member ]] || return 0
  mkdir -p "$aside"
  [[ $(stat -c %d "$member") == "$(stat -c %d "$aside")" ]] || to=/var/lib/etcd/rke-dr-epoch-$epoch
  mkdir -p "$to/$1"
  mv "$member" "$to/$1/"
  did "etcd's data moved to $to/$1, $(du -sb "$to/$1" | cut -f1) bytes"
}
# etcd_data_aside: renames etcd's data, at once, whatever its size: within etcd's own folder, which may be a mount, or a link to one. What
# else this act has set aside has a link to it, $aside/data.
etcd_data_aside() {
  local data=/var/lib/etcd/member place=/var/lib/etcd/before-epoch-$epoch bytes
  if [[ ! -e $aside/data ]]; then
    mkdir -p "$aside" "$place"
    [[ ! -e $data ]] || mv "$data" "$place/"
    ln -sfn "$place" "$aside/data"
  fi
  # told also of a run that was killed before it could
  place=$(readlink -f "$aside/data")
  bytes=$(du -sb "$place" | cut -f1)
  fact "aside $place" "$bytes"
  did "the old data is in $place, $bytes bytes"
}
# lasts FOLDER: what was renamed there stays so after a power cut (a journal is written in order; `sync FILE` is younger than CentOS 7).
lasts() {
  dd if=/dev/null of="$1/.rke-dr-lasts" conv=fsync 2>/dev/null
  rm -f "$1/.rke-dr-lasts"
}
# new_data_is_there: that there is data to start from, also where a disk wasn't mounted at boot: on an empty folder etcd would begin anew.
new_data_is_there() {
  [[ -n $(find /var/lib/etcd/member/wal -name '*.wal' -print -quit 2>/dev/null) && -s /var/lib/etcd/member/snap/db ]] ||
    die "etcd: /var/lib/etcd/member holds no data: is a disk not mounted? nothing was started"
}
# database_written: when etcd's database was last written, and its size: an etcd that writes does so by pwrite(2), which tells in the
# file's time (bbolt tx.write). database_idle: whether it hasn't for a while. Then all that etcd has applied is in there (it commits every
# 100 ms: backend.go defaultBatchInterval), and reading the file reads one state of it.
database_written() { stat -c '%.9Y %s' /var/lib/etcd/member/snap/db 2>/dev/null; }
database_idle() { [[ -s /var/lib/etcd/member/snap/db ]] && (($(date +%s) - $(stat -c %Y /var/lib/etcd/member/snap/db) >= 2)); }
