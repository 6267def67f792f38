# needs: lib/client
# progress: prints what the steps on this host record, again whenever it has changed, until the reader is gone; changes nothing. It is sent
# together with all that it needs, and started as
#   timeout SECONDS bash -s -- PERIOD [PROCESS ...]
# PERIOD: seconds between two readings;  PROCESS: etcd and api, those of both that the topology puts on this host.
# Prints sections, each a line "@@ NAME" and its content, then a line "@@ beat TIME"; TIME is this host's clock, Unix milliseconds. A beat comes at each
# reading, the sections before it only where something differs from the last time. plan/facts/progress.ts reads them.
set -uo pipefail
export LC_ALL=C
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
state=/var/lib/rke-dr

# running_steps: prints "STEP EPOCH STARTED" of each step whose process lives. A process that got the number of one that has ended has another command line.
running_steps() {
  local file pid name words
  for file in "$state"/lock.*.pid; do
    [[ -e $file ]] || continue
    name=${file##*/lock.}
    name=${name%.pid}
    pid=$(cat "$file" 2>/dev/null)
    mapfile -d '' -t words 2>/dev/null <"/proc/${pid:-none}/cmdline" || continue
    # bash -s -- STEP EPOCH ...
    [[ ${words[2]:-} == -- && ${words[3]:-} == "$name" ]] || continue
    printf '%s %s %s\n' "$name" "${words[4]:-0}" "$(date -r "$file" +%s%3N)"
  done
}

# reading EPOCH: prints all sections.
reading() {
  printf '@@ epoch\n%s\n@@ act\n%s\n@@ plan\n' "$1" "$(cat "$state/epoch-$1/act" 2>/dev/null || cat "$state/act" 2>/dev/null)"
  grep -s '^evidence=' "$state/epoch-$1/plan"
  printf '@@ steps\n'
  cat "$state"/steps/* 2>/dev/null
  printf '@@ failures\n'
  cat "$state"/failures/* 2>/dev/null
  printf '@@ running\n'
  running_steps
  printf '@@ log\n'
  tail -n 300 "$state/log" 2>/dev/null | grep -F " epoch=$1 "
  printf '@@ serves\n%s' "$served"
}

# etcd_serves: true if this host's etcd reads with a majority, which its own question after its health does.
etcd_serves() { healthy "${etcd_url:=$(own_etcd)}/health" "$own_client"; }
# own_etcd: prints the URL of this host's etcd for clients: it listens where its peers reach it, at the port before theirs.
own_etcd() {
  local peer
  peer=$(own_peer)
  printf '%s2379' "${peer%2380}"
}

# serving PROCESS ...: prints again and again "PROCESS yes" or "PROCESS no". A question may take 2 s, so it isn't part of a reading.
serving() {
  while :; do
    for process in "$@"; do
      if "${process}_serves" 2>/dev/null; then printf '%s yes\n' "$process"; else printf '%s no\n' "$process"; fi || return 0
    done
    sleep 1
  done
}
api_serves() { api_ready; }

main() {
  local period=$1 before="" text line
  declare -A serves=()
  served=""
  shift
  if (($# > 0)); then exec 4< <(serving "$@"); fi
  while :; do
    while (($# > 0)) && read -r -t 0.01 -u 4 line; do serves[${line% *}]=${line#* }; done
    served=""
    for process in "$@"; do served+="$process ${serves[$process]:-unknown}"$'\n'; done
    text=$(reading "$(cat "$state/epoch" 2>/dev/null || echo 0)")
    # the reader is gone when nothing can be printed
    if [[ $text != "$before" ]]; then printf '%s\n' "$text" || return 0; fi
    before=$text
    printf '@@ beat %s\n' "$(date +%s%3N)" || return 0
    sleep "$period"
  done
}
main "$@" </dev/null
