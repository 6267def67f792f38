# needs: lib/onward
# snapshot-bring: brings the snapshot that a failover restores to the control plane host on which etcd will run, as $aside/brought.db there, by this
# deploy host's own SSH. The file stays where it is, and both ends' SHA-256 are compared. Nothing that runs is touched.
# arguments: PATH of the snapshot;  FROM and TO, each HOST=USER@ADDRESS:PORT, or "here" for this host
# stdin: for each user that isn't root a line "@@ line USER COMMAND", as for rke-up
main() {
  local path=$1 from=$2 to=$3 kept=$aside/brought.db sum got bytes need new
  begin "$@"
  new=$kept.new
  : >"$state/onward.log"
  [[ $path != *"'"* ]] || die "source: $path: a path with a quotation mark can't be brought; rename the file"
  sum=$(sum_at "$from" "$path") || die "source: $path can't be read on $(name_of "$from"): $(last_said); is the host on, and the file there?"
  if [[ $(sum_at "$to" "$kept" || true) != "$sum" ]]; then
    bytes=$(at "$from" "wc -c <'$path'" </dev/null) || die "source: $path can't be read on $(name_of "$from"): $(last_said)"
    need=$((bytes + 256 * 1024 * 1024))
    # what a cut run has left would count as used
    at "$to" "umask 077; mkdir -p '$aside' && rm -f '$new' && free=\$(df -B1 --output=avail '$aside' | tail -n 1) &&
      { [ \$free -ge $need ] || { echo \"$need bytes must be free below $aside,\" \$free are >&2; exit 1; }; }" </dev/null ||
      die "source: $path can't be brought to $(name_of "$to"): $(last_said)"
    say "$path is brought from $(name_of "$from") to $(name_of "$to"), $bytes bytes"
    # it gets its name when its hash is known: cut half-way, it must not stand where step source takes it for the snapshot
    at "$from" "cat '$path'" | at "$to" "umask 077; cat >'$new' && dd if=/dev/null of='$new' conv=notrunc,fsync 2>/dev/null" ||
      not_brought "$path can't be brought from $(name_of "$from") to $(name_of "$to"): $(last_said)"
    got=$(sum_at "$to" "$new") || got="none: $(last_said)"
    [[ $got == "$sum" ]] ||
      not_brought "$path must be the same on $(name_of "$to") as on $(name_of "$from"): SHA-256 $got, not $sum; run again"
    at "$to" "mv '$new' '$kept'" </dev/null || not_brought "$path can't be kept as $kept on $(name_of "$to"): $(last_said)"
  fi
  bytes=$(at "$to" "stat -c %s '$kept'") || bytes=unknown
  did "$path of $(name_of "$from") is $kept on $(name_of "$to"), $bytes bytes, SHA-256 $sum"
  fact sha256 "$sum"
  finish
}

# not_brought TEXT: ends the step, without a partial file on the host's disk, which etcd may share.
not_brought() {
  at "$to" "rm -f '$new'" </dev/null || true
  die "source: $1"
}

# at TARGET COMMAND: runs root's sh with COMMAND on TARGET. Its errors are kept for last_said.
at() {
  # shellcheck disable=SC2034 # `to` sets all three
  local host user reach
  if [[ $1 == here ]]; then
    sh -c "$2" 2>>"$state/onward.log"
  else
    to "$1"
    "${reach[0]}" -o ServerAliveInterval=5 -o ServerAliveCountMax=3 "${reach[@]:1}" "$(as_root "$2")" 2>>"$state/onward.log"
  fi
}

# sum_at TARGET PATH: prints the file's SHA-256; returns 1 if it can't be read.
sum_at() {
  local line
  line=$(at "$1" "sha256sum <'$2'" </dev/null) && [[ $line =~ ^([0-9a-f]{64}) ]] && echo "${BASH_REMATCH[1]}"
}

name_of() { if [[ $1 == here ]]; then hostname; else echo "${1%%=*}"; fi; }
last_said() { tail -n 1 "$state/onward.log" | cut -c1-200; }
