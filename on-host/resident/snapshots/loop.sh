# loop: takes a snapshot whenever one is due; never ends. The resident process rke-dr-snapshots runs it in the host's own root: the runtime is
# the one supervisor that every host of the cluster has, and starts it again after a reboot.
# If a file `now` lies beside this script, a snapshot is due at once. Each 30 s ready.sh, if it lies here, writes how ready this side is for a failover.
# shellcheck shell=bash
set -uo pipefail
export LC_ALL=C
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
kept=${RKE_DR_STATE:-/var/lib/rke-dr}/snapshots metrics=${RKE_DR_METRICS:-/var/lib/rke-dr-metrics}/rke-dr.prom
trap 'kill $! 2>/dev/null; exit 0' TERM INT

# newest: prints when the newest snapshot was taken, Unix seconds; 0 if there is none.
newest() {
  local newest
  newest=$(find "$kept" -maxdepth 1 -name 'etcd-*.json' -printf '%f\n' 2>/dev/null | sed -E 's/.*-(....)(..)(..)T(..)(..)(..)Z\.json$/\1-\2-\3 \4:\5:\6/' | sort | tail -n 1)
  if [[ -n $newest ]]; then date -u -d "$newest" +%s; else echo 0; fi
}
# pause SECONDS: a sleep that a signal can end: bash runs a trap only when the command that it waits for is in the background.
pause() {
  sleep "$1" &
  wait $!
}

every=$(sed -n 's/^every=//p' "$here/config")
now=$(date +%s) last=$(newest)
# from then on it counts itself: a clock that is set back must neither cause many snapshots nor stop them
due=$((last > now ? now : last + every)) ready_due=0
while true; do
  now=$(date +%s)
  # beside a snapshot, which may take long
  if [[ -e $here/ready.sh ]] && ((now >= ready_due || ready_due > now + 30)); then
    bash "$here/ready.sh" "$metrics" &
    ready_due=$((now + 30))
  fi
  if [[ -e $here/now ]] || ((now >= due || due > now + every)); then
    rm -f "$here/now"
    bash "$here/take.sh" &
    if wait $!; then
      due=$((now + every))
    else
      due=$((now + (every < 240 ? every / 2 : 120)))
    fi
  fi
  pause 2
done
