# needs: runtimes/systemd/doors runtimes/systemd/units runtimes/systemd/alone
# Starts, stops and reports processes as units of systemd: etcd as etcd.service, whose settings are a file of its environment. All other
# processes of such a host are the kubelet's static pods, if it has a kubelet: they go on to runtimes/static-pod. This file defines the names that
# on-host/runtimes/docker.sh explains, but for those that mean the same here as with static pods alone (process_commands, process_delete, spec_with_memory), and
# test/lab/runtime-contract.test.ts tries each of them; its other half is plan/runtimes/systemd.
#
# The process etcd is the host's own etcd.service, whose file stays where the installer has put it. Set aside, it is stopped, disabled, and blocked
# by a drop-in whose assertion fails: neither systemd nor a boot nor an operator starts it. Its settings, its unit and its log are kept in
# $units_aside/NAME. Another process is a unit rke-dr-process-NAME.service, which this program has made.
# An IMAGE is the absolute path of a program; run_alone takes the program PROGRAM that lies beside it, or the one on PATH.
# A SPEC is "unit-env:" and the settings of etcd.service in base64; "unit:" and a whole unit in base64; "unit-alone:" and arguments for run_alone,
# each in base64, joined by commas; or a static pod's.
# Differences to docker's runtime:
#   - process_disable ends the process as well: a unit that is blocked would be restarted into nothing
#   - process_rename refuses a process that runs
#   - process_drop and process_delete of etcd leave etcd.service's own file on the host, blocked
#   - a spec with a limit of memory is the same spec
# Type=notify: systemd calls etcd active once it serves, which it can't without a quorum. process_start doesn't wait for that: steps ask etcd itself.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # not every script reads all of them; units.sh and pods.sh set the others
runtime_unit=etcd.service runtime_folder=/var/lib/rke-dr runtime_logs=/var/log/journal kept_as=unit
runtime_settings=()

runtime_facts() {
  printf 'systemd=%s\n' "$(timeout 10 systemctl show -p Version 2>/dev/null | sed -n "s/^Version=//p")"
  if has_pods; then
    pods_runtime_facts
  elif command -v curl >/dev/null; then
    echo curl=yes
  fi
}
# only root may start and stop units; sudo makes a user root
runtime_open_to() { [[ $(id -u "$1" 2>/dev/null) == 0 ]]; }
# the kubelet has no part in etcd: steps on pods hold it themselves
runtime_hold() { :; }
runtime_release() { :; }

process_status() {
  local answer
  if is_service "$1"; then
    service_status "$1"
  elif is_kept "$1"; then
    status=exited
  else
    answer=$(systemctl show -p Version 2>&1) || die "systemd: $1 can't be looked at: ${answer:0:200}"
    if is_unit "$1" || has_pods; then pods_process_status "$1"; else status=missing; fi
  fi
}
process_history() {
  local status started
  if is_service "$1"; then
    service_status "$1"
    started=$(service_started "$1")
    # before systemd 235 there is no such number
    printf '%s %s %s\n' "$status" "$(service_show "$1" NRestarts | grep . || echo 0)" "${started:-0001-01-01T00:00:00Z}"
  elif is_kept "$1"; then
    started=$(kept_of "$1" started)
    printf 'exited %s %s\n' "$(kept_of "$1" restarts | grep . || echo 0)" "${started:-0001-01-01T00:00:00Z}"
  else
    pods_process_history "$1"
  fi
}
process_present() { is_service "$1" || is_kept "$1" || pods_process_present "$1"; }
process_runs() {
  local status
  if is_service "$1"; then
    service_status "$1"
    [[ $status == running ]]
  elif is_kept "$1"; then
    return 1
  else
    pods_process_runs "$1"
  fi
}
process_names() {
  {
    ! is_service etcd || echo etcd
    kept_names
    pods_process_names
  } | awk '!seen[$0]++'
}
process_marked() {
  local name
  for name in $(process_names); do
    if is_service "$name" || is_kept "$name"; then
      ! unit_text "$name" | grep -qxF "# mark $1" || process_id "$name"
    else
      ! has_mark "$name" "$1" || process_id "$name"
    fi
  done
}
process_pid() {
  if is_service "$1"; then
    service_show "$1" MainPID
  elif is_kept "$1"; then
    echo 0
  else
    pods_process_pid "$1"
  fi
}
# process_create makes an ID; an etcd of the installer's own has none, and is known by its unit and settings.
process_id() {
  if [[ -e $units_aside/$1/id ]]; then
    cat "$units_aside/$1/id"
  elif is_service "$1"; then
    definition_text "$1" | sha256sum | cut -c1-12
  else
    pods_process_id "$1"
  fi
}
# The unit's own words; etcd's settings follow as the arguments that they stand for: ETCD_DATA_DIR=/x is --data-dir=/x (pkg/flags/flag.go). As systemd
# reads the file: blanks around name and value don't count, of several lines the last one does, and a line that begins with export is none. An empty
# value is no setting for etcd.
process_command() {
  if is_service "$1" || is_kept "$1"; then
    words_of "$1"
    env_of "$1" | awk '
      match($0, /^[ \t]*ETCD_[A-Z0-9_]+[ \t]*=/) {
        name = substr($0, 1, RLENGTH - 1); value = substr($0, RLENGTH + 1)
        gsub(/^[ \t]*ETCD_|[ \t]+$/, "", name); gsub(/^[ \t]+|[ \t\r]+$/, "", value)
        if (value ~ /^".*"$/ || value ~ /^'"'"'.*'"'"'$/) value = substr(value, 2, length(value) - 2)
        name = tolower(name); gsub(/_/, "-", name)
        if (!(name in values)) names[++count] = name
        values[name] = value
      }
      END { for (i = 1; i <= count; i++) if (values[names[i]] != "") print "--" names[i] "=" values[names[i]] }'
  else
    pods_process_command "$1"
  fi
}
process_image() {
  if is_service "$1" || is_kept "$1"; then image_of "$1"; else pods_process_image "$1"; fi
}
process_exit_code() {
  if is_service "$1"; then
    service_exit_code "$1"
  elif is_kept "$1"; then
    kept_of "$1" exit_code
  else
    pods_process_exit_code "$1"
  fi
}
process_describe() { describe_each "" "$@"; }
# describe_each AS NAME ...: a line of JSON for each process that is there, under its name or under AS.
describe_each() {
  local as=$1 name history missing=0 status restarts started
  shift
  for name in "$@"; do
    if ! is_service "$name" && ! is_kept "$name"; then
      pods_describe_as "$as" "$name" || missing=1
    elif history=$(process_history "$name"); then
      read -r status restarts started <<<"$history"
      printf '{"name":"%s","status":"%s","restarts":%s,"startedAt":"%s","unit":"%s","env":"%s","command":"%s","envFile":"%s","user":"%s","script":%s}\n' \
        "${as:-$name}" "$status" "$restarts" "$started" "$(unit_text "$name" | base64 -w 0)" "$(env_of "$name" | base64 -w 0)" \
        "$(words_of "$name" | base64 -w 0)" "$(env_file_of "$name")" "$(unit_text "$name" | sed -n -E 's/^[[:space:]]*User[[:space:]]*=[[:space:]]*//p' | tail -n 1)" \
        "$(if is_script "$(image_of "$name")"; then echo true; else echo false; fi)"
    else
      missing=1
    fi
  done
  return "$missing"
}
process_keep_description() {
  mkdir -p "$3"
  describe_each "$2" "$1" >"$3/$2.$kept_as.new"
  put_new "$3/$2.$kept_as"
}
process_matches() {
  local wanted
  case $2 in
    unit-env:*) wanted=$(base64 -d <<<"${2#unit-env:}" | without_notes) && [[ $(env_of "$1" | without_notes) == "$wanted" ]] ;;
    unit:*) wanted=$(base64 -d <<<"${2#unit:}" | without_notes) && [[ $(unit_text "$1" | grep -v '^ExecStopPost=' | without_notes) == "$wanted" ]] ;;
    *) pods_process_matches "$@" ;;
  esac
}
process_create() {
  ! process_present "$1" || die "unit $1: is there already"
  case $2 in
    unit-env:*) create_by_settings "$1" "${2#unit-env:}" ;;
    unit:*) create_unit "$1" "${2#unit:}" ;;
    unit-alone:*) create_alone "$1" "${2#unit-alone:}" ;;
    pod:*) pods_process_create "$@" ;;
    *) die "unit $1: its spec is neither a unit's nor a pod's" ;;
  esac
}
process_start() {
  if is_service "$1"; then
    start_service "$1"
  elif is_kept "$1"; then
    # a run that set it aside was killed before it had its new name
    bring_back_service "$1" "$1"
  else
    pods_process_start "$1"
  fi
}
# on_both COMMAND ARGUMENT NAME ...: COMMAND_services ARGUMENT NAME ... for units, pods_process_COMMAND ARGUMENT NAME ... for all others, at the same time.
on_both() {
  local command=$1 argument=$2 name services=() pods=() ended=0 beside=""
  shift 2
  for name in "$@"; do
    if is_service "$name" || is_kept "$name" || alone_pid "$name" >/dev/null || { ! has_pods && ! is_unit "$name"; }; then services+=("$name"); else pods+=("$name"); fi
  done
  if [[ ${#pods[@]} != 0 ]]; then
    "pods_process_$command" "$argument" "${pods[@]}" &
    beside=$!
  fi
  for name in ${services[@]+"${services[@]}"}; do "${command}_service" "$argument" "$name" || ended=$?; done
  [[ -z $beside ]] || wait "$beside" || ended=$?
  return "$ended"
}
process_stop() { on_both stop "$@"; }
process_restart() { on_both restart "$@"; }
process_disable() {
  local name
  for name in "$@"; do ! is_service "$name" || disable_service "$name" || return; done
  process_stop 10 "$@"
}
process_rename() {
  if is_service "$1" && [[ $(service_show "$1" ActiveState) != @(inactive|failed) ]]; then
    echo "unit $1: runs, and only one that is stopped can be renamed" >&2
    return 1
  elif is_service "$1"; then
    disable_service "$1" && keep_service "$1" "$2"
  elif is_kept "$1"; then
    ! is_kept "$2" || { echo "unit $2: is there already" >&2 && return 1; }
    mv -T "$units_aside/$1" "$units_aside/$2"
  else
    pods_process_rename "$@"
  fi
}
process_set_aside() {
  if is_service "$1"; then
    # first what it is, while systemd knows it; then a reboot in between doesn't start it again
    disable_service "$1" && stop_service "$3" "$1" && keep_service "$1" "$2"
  elif is_kept "$1"; then
    process_rename "$1" "$2"
  else
    pods_process_set_aside "$@"
  fi
}
process_bring_back() {
  if is_kept "$1"; then bring_back_service "$1" "$2"; else pods_process_bring_back "$@"; fi
}
process_drop() {
  local name names=()
  for name in "$@"; do names+=("$(service_by_id "$name")"); done
  for name in "${names[@]}"; do
    if is_service "$name" || is_kept "$name"; then
      drop_service "$name"
    elif ! drop_alone_program "$name" && { has_pods || is_unit "$name"; }; then
      pods_process_drop "$name"
    fi
  done
}
process_log() {
  local name=$1 lines=${2:-all} since=${3:-}
  if is_service "$name"; then
    service_log "$(service_of "$name")" "$(cat "$units_aside/$name/since" 2>/dev/null)" "" "$lines" "$since"
  elif is_kept "$name"; then
    kept_log "$name" "$lines" "$since"
  else
    pods_process_log "$@"
  fi
}
process_exec() {
  local name=$1 pid
  shift
  if pid=$(alone_pid "$name") || { is_service "$name" && pid=$(service_show "$name" MainPID) && [[ $pid != 0 ]]; }; then
    exec_within "$pid" "$@"
  elif is_service "$name" || is_kept "$name" || ! has_pods; then
    echo "unit $name: doesn't run" >&2
    return 1
  else
    pods_process_exec "$name" "$@"
  fi
}
# etcd's own files may serve as a client's; what an installer has set for etcdctl in the same file would contradict a flag or an endpoint.
process_etcdctl() {
  local name=$1 endpoints=$2 program=etcdctl image api=3 given=()
  shift 2
  mapfile -t given < <(flags_given "$name")
  image=$(image_of "$name") || image=""
  if program_beside "$image" etcdutl >/dev/null; then
    # from etcd 3.5 on: there is one API alone, and 3.6's etcdctl can't read snapshots any more
    api=""
    [[ ! "$*" =~ (^|\ )snapshot\ (status|restore)(\ |$) ]] || program=etcdutl
  fi
  # shellcheck disable=SC2016 # the process's own environment
  process_exec "$name" env ${given[@]+"${given[@]}"} sh -c 'endpoints=$1 api=$2 program=$3
    shift 3
    own=${ETCD_LISTEN_CLIENT_URLS%%,*}
    case $own in *//0.0.0.0:*) own=${own%%//*}//127.0.0.1:${own##*:} ;; *//\[::\]:*) own=${own%%//*}//[::1]:${own##*:} ;; esac
    ETCDCTL_ENDPOINTS=${endpoints:-${own:-$ETCDCTL_ENDPOINTS}}
    unset ETCDCTL_API ETCDCTL_CA_FILE ETCDCTL_CERT_FILE ETCDCTL_KEY_FILE
    [ -z "$api" ] || export ETCDCTL_API="$api"
    if [ -z "$ETCDCTL_ENDPOINTS" ]; then unset ETCDCTL_ENDPOINTS; else export ETCDCTL_ENDPOINTS; fi
    [ -z "$ETCD_TRUSTED_CA_FILE" ] || export ETCDCTL_CACERT="$ETCD_TRUSTED_CA_FILE"
    [ -z "$ETCD_CERT_FILE" ] || export ETCDCTL_CERT="$ETCD_CERT_FILE" ETCDCTL_KEY="$ETCD_KEY_FILE"
    exec "$program" "$@"' sh "$endpoints" "$api" "$(program_beside "$image" "$program")" "$@"
}
run_alone() {
  if [[ $1 == /* ]]; then run_program_alone "$@"; else pods_run_alone "$@"; fi
}
spec_isolated() { [[ $1 == unit-alone:* ]]; }
# A setting of etcd's file stands there under its variable's name, --initial-cluster as ETCD_INITIAL_CLUSTER; a whole unit has an argument twice, in
# ExecStart= and in the comment that repeats it.
spec_with_argument() {
  local text kind=${1%%:*} words=() i
  case $kind in
    unit-env | unit) text=$(base64 -d <<<"${1#*:}") || return ;;
    unit-alone)
      IFS=, read -r -a words <<<"${1#*:}"
      for i in "${!words[@]}"; do
        [[ $(base64 -d <<<"${words[i]}") != "$2" ]] || words[i]=$(printf '%s' "$3" | base64 -w 0)
      done
      (IFS=, && printf 'unit-alone:%s' "${words[*]}")
      return
      ;;
    *) pods_spec_with_argument "$@"; return ;;
  esac
  printf '%s:%s' "$kind" "$(WAS=$2 IS=$3 KIND=$kind awk '
    function value(argument) { return substr(argument, index(argument, "=") + 1) }
    BEGIN {
      was = ENVIRON["WAS"]; is = ENVIRON["IS"]
      name = was; sub(/^--/, "", name); sub(/=.*/, "", name); gsub(/-/, "_", name); name = "ETCD_" toupper(name)
    }
    ENVIRON["KIND"] == "unit-env" && match($0, "^[ \t]*" name "[ \t]*=") {
      own = substr($0, RLENGTH + 1)
      gsub(/^[ \t]+|[ \t\r]+$/, "", own)
      if (own == value(was) || own == "\"" value(was) "\"" || own == "\047" value(was) "\047") $0 = name "=" value(is)
    }
    ENVIRON["KIND"] == "unit" && $0 == "# argument " was { $0 = "# argument " is }
    ENVIRON["KIND"] == "unit" && /^ExecStart=/ && (at = index($0, "\"" was "\"")) > 0 {
      $0 = substr($0, 1, at) is substr($0, at + 1 + length(was))
    }
    { print }' <<<"$text" | base64 -w 0)"
}
image_present() { if [[ $1 == /* ]]; then [[ -x $1 ]]; else has_pods && pods_image_present "$1"; fi; }
image_fetch() {
  if [[ $1 != /* ]]; then
    pods_image_fetch "$1"
  elif ! image_present "$1"; then
    echo "$1: isn't on this host, and no registry has it: its installer puts it there" >&2
    return 1
  fi
}
# etcd's programs, by the version that each reports, as an image's tag says it: /usr/local/bin/etcd:3.5.15.
image_like() {
  local path version
  while read -r path version _; do
    [[ ! "$path" =~ $1 && ! "$path:${version##*@}" =~ $1 ]] || { printf '%s\n' "$path" && return; }
  done < <(programs_of_etcd)
  has_pods && pods_image_like "$1"
}
image_list() {
  programs_of_etcd
  ! has_pods || pods_image_list
}
node_facts() { ! has_pods || pods_node_facts; }
pod_list() { ! has_pods || pods_pod_list; }
