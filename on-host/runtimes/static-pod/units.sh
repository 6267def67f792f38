# needs: runtimes/static-pod/pods lib/lasts
# Processes that are no pods: units of systemd, and programs of an image that run alone, by `ctr run`.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # pods.sh sets what is read here; $status is for callers

# unit_value PROPERTY [UNIT]: prints what systemd says of a unit, or of itself. (`systemctl show -P` needs systemd 246; Ubuntu 20.04 has 245, CentOS 7 has 219.)
unit_value() { systemctl show -p "$1" ${2:+"$2"} | sed -n "s/^$1=//p"; }
unit_of() { printf 'rke-dr-process-%s.service' "$1"; }
is_unit() { [[ -e /etc/systemd/system/$(unit_of "$1") ]]; }
# A program that run_alone has started under a name isn't listed among the processes; one that a power cut ended leaves its container behind.
is_alone() { ctr -n k8s.io containers info "rke-dr-$1" >/dev/null 2>&1; }
drop_alone() {
  is_alone "$1" || return 0
  ! ctr -n k8s.io tasks kill -s KILL "rke-dr-$1" 2>/dev/null || sleep 0.5
  ctr -n k8s.io containers delete "rke-dr-$1" >/dev/null 2>&1 || true
}
# stop_alone GRACE NAME: run_alone itself then removes it.
stop_alone() {
  local tries
  is_alone "$2" || return 0
  ctr -n k8s.io tasks kill -s TERM "rke-dr-$2" 2>/dev/null || return 0
  for ((tries = 0; tries < 10 * $1; tries++)); do
    alone_runs "$2" || return 0
    sleep 0.1
  done
  drop_alone "$2"
}
alone_runs() { ctr -n k8s.io tasks ls 2>/dev/null | awk -v task="rke-dr-$1" '$1 == task && $3 == "RUNNING" { found = 1 } END { exit !found }'; }
run_alone() {
  local image=$1 program=$2 name="rke-dr-alone-$$-$RANDOM" options=()
  shift 2
  while [[ $1 != -- ]]; do
    case $1 in
      --host-network) options+=(--net-host) ;;
      --last) options+=(--cpu-shares 64) ;;
      --name) name=rke-dr-$2 && shift ;;
      --env) options+=(--env "$2") && shift ;;
      --mark) options+=(--label "$2=1") && shift ;;
      --write) options+=(--mount "type=bind,src=${2%%:*},dst=${2#*:},options=rbind:rw") && shift ;;
      --read | --look) options+=(--mount "type=bind,src=${2%%:*},dst=${2#*:},options=rbind:ro") && shift ;;
      *) die "run_alone: unknown option $1" ;;
    esac
    shift
  done
  shift
  local ended=0
  # etcdutl reads and restores snapshots: 3.6's etcdctl can't any more, and 3.5's image has both
  [[ $program != etcdctl || ${1:-} != snapshot ]] || program=etcdutl
  limited ctr -n k8s.io run --rm ${options[@]+"${options[@]}"} "$image" "$name" "$program" "$@" </dev/null || ended=$?
  # one that was ended by its limit is still there
  [[ $ended != 124 && $ended != 137 ]] || { ctr -n k8s.io tasks kill -s KILL "$name" && sleep 0.5 && ctr -n k8s.io containers delete "$name"; } >/dev/null 2>&1 || true
  return "$ended"
}
# write_unit NAME RESTART WANTED SCRIPT [END [FIRST SECONDS]]: writes a unit that runs `bash SCRIPT`, and doesn't start it. WANTED: yes, or no: not at boot.
# END: shell that is run when it has ended. systemd forgets a unit that has ended, so that its end is kept in a file. FIRST: an argument with which
# SCRIPT runs before, to its end, for SECONDS at most (0: without a limit); at boot the kubelet starts only afterwards, however that ends.
write_unit() {
  mkdir -p "$pods_aside"
  cat >"$pods_aside/$1.end.sh" <<END
case \$EXIT_STATUS in KILL) EXIT_STATUS=137 ;; TERM) EXIT_STATUS=143 ;; esac
started=\$(systemctl show -p ExecMainStartTimestamp $(unit_of "$1"))
printf 'exit_code=%s\nstarted=%s\n' "\$EXIT_STATUS" "\$(date -u -d "\${started#*=}" +%Y-%m-%dT%H:%M:%SZ)" >$pods_aside/$1.kept
${5:-true}
END
  {
    printf '# argument %s\n' bash "$4"
    printf '[Unit]\nDescription=%s of rke-dr\nAfter=containerd.service network.target\nStartLimitIntervalSec=0\n' "$1"
    [[ -z ${6:-} ]] || printf 'Before=%s\n' "${first_before:-kubelet.service}"
    printf '[Service]\nExecStart=/usr/bin/env bash %s\n' "$4"
    # the minus: the unit goes on if it fails; `timeout` ends it before systemd would end the whole unit
    [[ -z ${6:-} ]] || printf 'ExecStartPre=-/usr/bin/env timeout -k 2 %s bash %s %s\n' "$7" "$4" "$6"
    # systemd's own limit of a start
    [[ ${7:-} != 0 ]] || printf 'TimeoutStartSec=infinity\n'
    printf 'ExecStopPost=/usr/bin/env bash %s\nRestart=%s\nRestartSec=2\n' "$pods_aside/$1.end.sh" "$2"
    [[ $3 != yes ]] || printf '[Install]\nWantedBy=multi-user.target\n'
  } >"/etc/systemd/system/$(unit_of "$1").new"
  put_new "/etc/systemd/system/$(unit_of "$1")"
  systemctl daemon-reload
}
make_unit_alone() {
  local name=$1 argument words before=""
  IFS=, read -r -a words <<<"$2"
  mkdir -p "$pods_aside"
  {
    printf '%s\n' "$(declare -f limited run_alone)" 'die() { echo "$*" >&2; exit 1; }'
    printf 'run_alone'
    for argument in "${words[@]}"; do
      argument=$(base64 -d <<<"$argument")
      # the container bears the unit's name, whatever the process was called that it was planned from
      [[ $before != --name ]] || argument=$name
      printf ' %q' "$argument"
      before=$argument
    done
    printf '\n'
  } >"$pods_aside/$name.sh"
  # the container outlives a `ctr run` that was killed
  write_unit "$name" no no "$pods_aside/$name.sh" "! ctr -n k8s.io tasks kill -s KILL rke-dr-$name 2>/dev/null || sleep 0.5
ctr -n k8s.io containers delete rke-dr-$name 2>/dev/null || true"
  printf '# alone\n' >>"/etc/systemd/system/$(unit_of "$name")"
  # for process_marked
  before=""
  for argument in "${words[@]}"; do
    argument=$(base64 -d <<<"$argument")
    [[ $before != --mark ]] || printf '# mark %s\n' "$argument" >>"/etc/systemd/system/$(unit_of "$name")"
    before=$argument
  done
  systemctl daemon-reload
}
unit_status() {
  case $(unit_value ActiveState "$(unit_of "$1")") in
    active) status=running ;;
    activating | reloading) status=restarting ;;
    *) [[ -e $pods_aside/$1.kept ]] && status=exited || status=created ;;
  esac
}
# unit_pid NAME: a program of an image has a network of its own, and systemd's process is only that which started it.
unit_pid() {
  local pid
  if grep -q '^# alone' "/etc/systemd/system/$(unit_of "$1")"; then
    pid=$(ctr -n k8s.io tasks ls 2>/dev/null | awk -v task="rke-dr-$1" '$1 == task && $3 == "RUNNING" { print $2 }')
    printf '%s\n' "${pid:-0}"
  else
    unit_value MainPID "$(unit_of "$1")"
  fi
}
# start_unit NAME: a program of an image is there as soon as its container runs, or has ended already.
start_unit() {
  local tries
  systemctl start "$(unit_of "$1")" || return
  grep -q '^# alone' "/etc/systemd/system/$(unit_of "$1")" || return 0
  for ((tries = 0; tries < 150; tries++)); do
    [[ $(unit_pid "$1") == 0 ]] && systemctl is-active -q "$(unit_of "$1")" || return 0
    sleep 0.1
  done
}
unit_started() {
  local at
  at=$(unit_value ExecMainStartTimestamp "$(unit_of "$1")")
  if [[ -n $at ]]; then date -u -d "$at" +%Y-%m-%dT%H:%M:%SZ; else kept "$1" started; fi
}
stop_unit() {
  [[ $1 != 0 ]] || systemctl kill -s KILL "$(unit_of "$2")" 2>/dev/null || true
  systemctl stop "$(unit_of "$2")"
}
drop_unit() {
  systemctl kill -s KILL "$(unit_of "$1")" 2>/dev/null || true
  systemctl disable -q --now "$(unit_of "$1")" 2>/dev/null || true
  rm -f "/etc/systemd/system/$(unit_of "$1")" "$pods_aside/$1".{sh,end.sh,kept}
  systemctl daemon-reload
}
