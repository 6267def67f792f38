# needs: runtimes/systemd/units
# Programs of this host that run alone: without network but for a loopback of their own, with files of the host at other paths.
# shellcheck shell=bash
# shellcheck disable=SC2154 # units.sh sets $units_aside
alone_folder=/run/rke-dr/alone

# enter_alone [--network] [--last] [--user USER] [--name NAME] [--write|--read FROM:TO] ... -- PROGRAM [ARGUMENT ...]: becomes PROGRAM, in
# the mount and network namespace that its caller has made for it. Mounts lie on a root that is a copy of the host's own, in memory: no mount point is made
# on the host's disk. Its text alone is run by bash elsewhere: it calls nothing of this file.
enter_alone() {
  local user="" name="" mounts=() root=/run/rke-dr/root entry from to start=""
  while [[ $1 != -- ]]; do
    case $1 in
      --network) ip link set lo up 2>/dev/null ;;
      --last) renice -n 19 -p $$ >/dev/null 2>&1; echo 1000 >/proc/self/oom_score_adj 2>/dev/null ;;
      --user) user=$2 && shift ;;
      --name) name=$2 && shift ;;
      *) [[ $1 == --write && ${2%%:*} == "${2#*:}" ]] || mounts+=("$1=$2") && shift ;;
    esac
    shift
  done
  shift
  if [[ -n $name ]]; then
    # the process keeps its ID when it becomes the program; its start distinguishes it from a later one of the same ID
    read -r -a start <"/proc/$$/stat"
    mkdir -p /run/rke-dr/alone && printf '%s %s\n' "$$" "${start[21]}" >"/run/rke-dr/alone/$name"
  fi
  if [[ ${#mounts[@]} != 0 ]]; then
    mkdir -p "$root" && mount -t tmpfs -o mode=755 tmpfs "$root" || exit
    for entry in /* /.[!.]*; do
      if [[ -L $entry ]]; then
        cp -a "$entry" "$root$entry" || exit
      elif [[ -d $entry ]]; then
        mkdir "$root$entry" && mount --rbind "$entry" "$root$entry" || exit
      elif [[ -e $entry ]]; then
        touch "$root$entry" && mount --bind "$entry" "$root$entry" || exit
      fi
    done
    for entry in "${mounts[@]}"; do
      from=${entry#*=} to=$root${from#*:} from=${from%%:*}
      if [[ -d $from ]]; then mkdir -p "$to" || exit; else { mkdir -p "${to%/*}" && { [[ -e $to ]] || touch "$to"; }; } || exit; fi
      mount --bind "$from" "$to" || exit
      [[ $entry == --write=* ]] || mount -o remount,bind,ro "$to" || exit
    done
  fi
  [[ ${#mounts[@]} != 0 ]] || root=/
  cd / || exit
  if [[ $root != / || -n $user ]]; then exec chroot ${user:+"--userspec=$user"} "$root" "$@"; else exec "$@"; fi
}

# program_beside IMAGE PROGRAM: prints the path of PROGRAM in the folder of IMAGE, or else on PATH; returns 1 if there is none.
program_beside() {
  if [[ $2 == /* && -x $2 ]]; then
    printf '%s' "$2"
  elif [[ -x ${1%/*}/${2##*/} ]]; then
    printf '%s' "${1%/*}/${2##*/}"
  else
    command -v -- "${2##*/}"
  fi
}
# alone_words IMAGE PROGRAM [OPTION ...] -- ARGUMENT ...: sets $alone (the arguments for enter_alone), $alone_environment, $alone_network (host or none),
# and $alone_marks. Returns 1 if the program is missing.
alone_words() {
  local image=$1 program=$2 path
  shift 2
  alone=() alone_environment=() alone_network=none alone_marks=()
  while [[ $1 != -- ]]; do
    case $1 in
      --host-network) alone_network=host ;;
      --last) alone+=("$1") ;;
      --env) alone_environment+=("$2") && shift ;;
      --mark) alone_marks+=("$2") && shift ;;
      --name | --user | --write | --read) alone+=("$1" "$2") && shift ;;
      --look) alone+=(--read "$2") && shift ;;
      *) die "run_alone: unknown option $1" ;;
    esac
    shift
  done
  shift
  # etcdutl reads and restores snapshots: 3.6's etcdctl can't any more
  if [[ ${program##*/} == etcdctl && ${1:-} == snapshot ]] && path=$(program_beside "$image" etcdutl); then
    program=$path
  elif ! path=$(program_beside "$image" "$program"); then
    echo "$program: executable file not found, neither beside $image nor on PATH" >&2
    return 1
  fi
  alone+=(-- "$path" "$@")
}
run_program_alone() {
  local alone alone_environment alone_network alone_marks namespaces=(-m) ended=0 name="alone-$$-$RANDOM" i
  alone_words "$@" || return 127
  for ((i = 0; i < ${#alone[@]}; i++)); do
    [[ ${alone[i]} != -- ]] || break
    [[ ${alone[i]} != --name ]] || name=${alone[i + 1]}
  done
  alone=(--name "$name" "${alone[@]}")
  if [[ $alone_network == none ]]; then
    namespaces+=(-n)
    alone=(--network "${alone[@]}")
  fi
  # a session of its own: the program outlives a caller that is killed, and all that it has started is one group, known by a word in its environment
  ${time_limit:+timeout -k 2 "$time_limit"} setsid -w unshare "${namespaces[@]}" --propagation private env "RKE_DR_ALONE=$name" ${alone_environment[@]+"${alone_environment[@]}"} \
    bash --norc -c "$(declare -f enter_alone); enter_alone \"\$@\"" bash "${alone[@]}" </dev/null || ended=$?
  end_group "$name"
  return "$ended"
}
# end_group NAME: ends what the program has left behind, and forgets its name. The number of its group may be another's by now, as after a caller that was
# killed: only processes that were started for NAME are ended.
end_group() {
  local pid _ fields file word
  { read -r pid _ <"$alone_folder/$1"; } 2>/dev/null || return 0
  for file in /proc/[0-9]*/stat; do
    { read -r -a fields <"$file"; } 2>/dev/null || continue
    # a name with blanks moves the fields: from its closing bracket on they are state, parent, group
    [[ "${fields[*]}" =~ .*\)\ [A-Za-z]\ [0-9]+\ $pid\  ]] || continue
    while IFS= read -r -d '' word; do
      [[ $word != "RKE_DR_ALONE=$1" ]] || kill -KILL "${fields[0]}" 2>/dev/null || true
    done 2>/dev/null <"${file%/stat}/environ" || true
  done
  rm -f "$alone_folder/$1"
}
# create_alone NAME WORDS: a unit that runs a program alone, once.
create_alone() {
  local alone alone_environment alone_network alone_marks words=() one file
  IFS=, read -r -a words <<<"$2"
  for one in "${!words[@]}"; do words[one]=$(base64 -d <<<"${words[one]}"); done
  alone_words "${words[@]}" || die "unit $1: can't be made"
  as_new "$1"
  {
    echo '#!/bin/bash'
    declare -f enter_alone
    printf 'export'
    printf ' %q' RKE_DR_ALONE=yes ${alone_environment[@]+"${alone_environment[@]}"}
    printf '\nenter_alone'
    # its name is the unit's
    printf ' %q' "${alone[@]}" | sed 's/ --name [^ ]*//'
    echo
  } >"$units_aside/$1/run.sh"
  for one in "${!alone[@]}"; do [[ ${alone[one]} != -- ]] || break; done
  printf '%s\n' "${alone[@]:one+1}" >"$units_aside/$1/words"
  end_recorder "$1" >"$units_aside/$1/end.sh"
  file=/etc/systemd/system/$(service_of "$1")
  {
    printf '# image %s\n' "${words[0]}"
    for one in ${alone_marks[@]+"${alone_marks[@]}"}; do printf '# mark %s\n' "$one"; done
    printf '%s\n' '[Unit]' "Description=$1 of rke-dr, alone" '[Service]' "ExecStart=/usr/bin/env bash $units_aside/$1/run.sh" \
      "ExecStopPost=/usr/bin/env bash $units_aside/$1/end.sh" Restart=no PrivateMounts=yes MountFlags=slave LimitNOFILE=40000 TimeoutStopSec=60
    # MountFlags: before systemd 239 there is no PrivateMounts, and the mounts would be the host's own
    [[ $alone_network == host ]] || printf 'PrivateNetwork=yes\n'
  } >"$file.new"
  put_new "$file"
  touch "$units_aside/$1/made"
  systemctl daemon-reload
}
# alone_pid NAME: prints the ID of the process that run_alone has started under this name; returns 1 if it has ended.
alone_pid() {
  local pid start fields
  { read -r pid start <"$alone_folder/$1"; } 2>/dev/null || return 1
  { read -r -a fields <"/proc/$pid/stat"; } 2>/dev/null || return 1
  [[ ${fields[21]} == "$start" && ${fields[2]} != Z ]] && printf '%s' "$pid"
}
stop_alone_program() {
  local pid tries
  pid=$(alone_pid "$2") || return 0
  [[ $1 == 0 ]] || kill -TERM "$pid" 2>/dev/null || true
  for ((tries = 0; tries < 10 * $1; tries++)); do
    alone_pid "$2" >/dev/null || return 0
    sleep 0.1
  done
  kill -KILL -- "-$pid" 2>/dev/null || true
  for ((tries = 0; tries < 50; tries++)); do
    alone_pid "$2" >/dev/null || return 0
    sleep 0.1
  done
}
# drop_alone_program NAME: ends it; returns 1 if nothing was run alone under this name.
drop_alone_program() {
  [[ -e $alone_folder/$1 ]] || return 1
  stop_alone_program 0 "$1"
  end_group "$1"
}
# exec_within PID PROGRAM ARGUMENT ...: runs a program where process PID runs, in its environment.
exec_within() {
  local pid=$1 environment=()
  shift
  mapfile -d '' -t environment <"/proc/$pid/environ" || return
  # systemd's word to the process itself is none of a second program's
  for i in "${!environment[@]}"; do [[ ${environment[i]} != @(NOTIFY_SOCKET|WATCHDOG_*|INVOCATION_ID|JOURNAL_STREAM)=* ]] || unset "environment[i]"; done
  ${time_limit:+timeout -k 2 "$time_limit"} nsenter -t "$pid" -m -n -r -w env -i "PATH=$PATH" ${environment[@]+"${environment[@]}"} "$@" </dev/null
}
# flags_given NAME: prints the flags on the command line of a running etcd that a client has to know, as etcd's variables: such a unit is made by hand.
flags_given() {
  local pid
  pid=$(alone_pid "$1") || pid=$(service_show "$1" MainPID)
  tr '\0' '\n' 2>/dev/null <"/proc/$pid/cmdline" | awk '
    waits { print waits "=" $0; waits = ""; next }
    /^--?(trusted-ca-file|cert-file|key-file|listen-client-urls)(=|$)/ {
      name = $0; sub(/^--?/, "", name); sub(/=.*/, "", name); name = "ETCD_" toupper(name); gsub(/-/, "_", name)
      if (/=/) { value = $0; sub(/^[^=]*=/, "", value); print name "=" value } else waits = name
    }'
}
# programs_of_etcd: prints a line "PATH PATH@VERSION ID" for each of etcd's programs beside that of the unit etcd.
programs_of_etcd() {
  local image name path version
  image=$(image_of etcd 2>/dev/null) || image=$(command -v etcd) || return 0
  for name in etcd etcdctl etcdutl; do
    path=${image%/*}/$name
    [[ -x $path ]] || continue
    version=""
    # a script may start anything: it isn't run only to ask for a version
    is_script "$path" || case $name in
      etcd) version=$("$path" --version 2>/dev/null) ;;
      *) version=$("$path" version 2>/dev/null) ;;
    esac
    version=$(sed -n -E 's/^.*[Vv]ersion: *([0-9][^ ]*).*$/\1/p' <<<"$version" | head -n 1)
    printf '%s %s@%s %s\n' "$path" "$path" "${version:-unknown}" "$(stat -Lc '%i-%s-%Y' "$path")"
  done
}
