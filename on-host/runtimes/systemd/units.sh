# needs: runtimes/static-pod/units
# Reads and changes units of systemd. systemd.sh says which they are.
# shellcheck shell=bash
# shellcheck disable=SC2034 # what service_status sets is for its callers
units_aside=/var/lib/rke-dr/units
# The drop-in that blocks etcd.service, and the file that it asserts: it is never there.
blocking_drop_in=/etc/systemd/system/etcd.service.d/zz-rke-dr-set-aside.conf
never_there=$units_aside/no-etcd-starts-while-rke-dr-has-set-it-aside

# service_of NAME: prints its unit's name.
service_of() { if [[ $1 == etcd ]]; then printf etcd.service; else printf 'rke-dr-process-%s.service' "$1"; fi; }
# is_service NAME: true if it is a unit that systemd.sh itself handles and that isn't set aside.
is_service() {
  if [[ $1 == etcd ]]; then
    [[ ! -e $blocking_drop_in && -n $(etcd_unit_file) ]]
  else
    [[ -e $units_aside/$1/made && -e /etc/systemd/system/$(service_of "$1") ]]
  fi
}
# etcd_unit_file: prints the path of etcd.service's own file, which is in the first of the folders that systemd reads; a link to /dev/null masks the unit.
etcd_unit_file() {
  local folder file
  for folder in /etc/systemd/system /run/systemd/system /usr/local/lib/systemd/system /usr/lib/systemd/system /lib/systemd/system; do
    file=$folder/etcd.service
    [[ -e $file ]] || continue
    [[ $(readlink -f "$file") == /dev/null ]] || printf '%s' "$file"
    return 0
  done
}
# is_kept NAME: true if it is a process that was set aside, or that process_create has described and nothing runs of.
is_kept() { [[ -e $units_aside/$1/kept ]]; }
kept_names() {
  local file
  for file in "$units_aside"/*/{made,kept}; do
    # one that drop_service was killed over is gone
    [[ ! -e $file || $file == *.dropped/* ]] || basename "${file%/*}"
  done
}
# kept_of NAME KEY: prints what was kept of a process that was set aside.
kept_of() { sed -n "s/^$2=//p" "$units_aside/$1/kept" 2>/dev/null || true; }
service_show() { unit_value "$2" "$(service_of "$1")"; }
# service_status NAME: sets $status. Ends the step if systemd doesn't answer.
service_status() {
  local seen active sub loaded
  seen=$(systemctl show -p ActiveState -p SubState -p LoadState "$(service_of "$1")" 2>&1) || die "systemd: unit $1 can't be looked at: ${seen:0:200}"
  active=$(sed -n 's/^ActiveState=//p' <<<"$seen") sub=$(sed -n 's/^SubState=//p' <<<"$seen") loaded=$(sed -n 's/^LoadState=//p' <<<"$seen")
  case $active/$sub in
    */auto-restart*) status=restarting ;;
    # one that isn't ready yet runs, and one that is being stopped does so, too
    active/* | reloading/* | activating/start | activating/start-post | deactivating/*) status=running ;;
    activating/*) status=restarting ;;
    *) [[ -e $units_aside/$1/created || $loaded != loaded ]] && status=created || status=exited ;;
  esac
}
# service_started NAME: prints when its process last started, RFC 3339; nothing if it never did.
service_started() {
  local at
  at=$(service_show "$1" ExecMainStartTimestamp)
  if [[ -n $at ]]; then date -u -d "$at" +%Y-%m-%dT%H:%M:%SZ; else kept_end "$1" started; fi
}
# kept_end NAME KEY: prints what the unit itself wrote down at its end, since systemd forgets units that have ended.
kept_end() { sed -n "s/^$2=//p" "$units_aside/$1/end" 2>/dev/null || true; }
service_exit_code() {
  local code how
  code=$(kept_end "$1" exit_code)
  if [[ -z $code ]]; then
    how=$(service_show "$1" ExecMainCode) code=$(service_show "$1" ExecMainStatus)
    # 2 and 3: by a signal (CLD_KILLED, CLD_DUMPED)
    [[ $how != [23] ]] || code=$((128 + code))
  fi
  printf '%s\n' "$code"
}

# unit_text NAME: prints the unit as systemd reads it, with its drop-ins, but without those of this program.
unit_text() {
  if is_kept "$1"; then
    cat "$units_aside/$1/unit"
  else
    systemctl cat --no-pager "$(service_of "$1")" 2>/dev/null | awk '/^# \/.*\/(zz-)?rke-dr[^\/]*\.conf$/ { skip = 1; next } /^# \/.*\.(conf|service)$/ { skip = 0; next } !skip'
  fi
}
# env_files_of NAME: prints the files of its environment, a path a line; the last one's settings count.
env_files_of() {
  if is_kept "$1"; then
    cat "$units_aside/$1/env-path"
  else
    # older systemds print another name than the property's
    systemctl show -p EnvironmentFiles "$(service_of "$1")" | sed -n -E 's/^EnvironmentFiles?=(\/.*) \(ignore_errors=.*\)$/\1/p'
  fi
}
# env_file_of NAME: prints the path of the file of its settings; nothing if it has none.
env_file_of() { env_files_of "$1" | tail -n 1 | tr -d '\n'; }
env_of() {
  local file
  if is_kept "$1"; then
    cat "$units_aside/$1/env"
  else
    env_files_of "$1" | while IFS= read -r file; do
      [[ ! -r $file ]] || cat "$file"
    done
  fi
}
# words_of NAME: prints the program and the arguments of its unit, a line each. Those of a unit that this program has made are written down: systemd
# shows them joined by blanks.
words_of() {
  if [[ -e $units_aside/$1/words ]]; then
    cat "$units_aside/$1/words"
  else
    service_show "$1" ExecStart | sed -n -E 's/^\{ path=[^;]* ; argv\[\]=(.*) ; ignore_errors=.*$/\1/p' | tail -n 1 | tr ' ' '\n'
  fi
}
# image_of NAME: prints the path of its program.
image_of() {
  local image
  image=$(definition_text "$1" | sed -n 's/^# image //p')
  [[ -n $image ]] || image=$(words_of "$1" | head -n 1)
  [[ -n $image ]] && printf '%s\n' "$image"
}
# is_script FILE: true if the kernel would start an interpreter for it. kubespray's etcd in docker has one at /usr/local/bin/etcd.
is_script() { [[ $(head -c 2 "$1" 2>/dev/null | tr -d '\0') == '#!' ]]; }
definition_text() { unit_text "$1" && env_of "$1"; }
# without_notes < TEXT: the lines of a unit or of settings that say something, in any order.
without_notes() { grep -v -E '^[[:space:]]*(#|;|$)' | sort; }
service_by_id() {
  local name
  if [[ $1 =~ ^[0-9a-f]{12}$ ]]; then
    for name in $(kept_names); do
      [[ $(cat "$units_aside/$name/id" 2>/dev/null) != "$1" ]] || { printf '%s' "$name" && return; }
    done
  fi
  printf '%s' "$1"
}

# as_new NAME: notes that a process was created now, and gives it an ID.
as_new() {
  rm -rf "${units_aside:?}/$1"
  (umask 077 && mkdir -p "$units_aside/$1")
  od -An -N 6 -t x1 /dev/urandom | tr -d ' ' >"$units_aside/$1/id"
  # with the part of a second: the same second may have lines of the process before
  date +@%s.%6N >"$units_aside/$1/since"
  touch "$units_aside/$1/created"
}
# create_by_settings NAME SETTINGS: SETTINGS, in base64, become the settings of etcd.service; its unit stays as it is.
create_by_settings() {
  local file
  [[ $1 == etcd && -n $(etcd_unit_file) ]] || die "unit $1: must be on this host as its installer has made it, is missing"
  file=$(env_file_of etcd)
  [[ -n $file ]] || die "unit etcd: must have an EnvironmentFile= for its settings, has none"
  (umask 077 && base64 -d <<<"$2" >"$file.new" && grep -q '^ETCD_' "$file.new") || die "unit $1: its spec has no settings"
  # etcd's own user may have to read it
  if [[ -e $file ]]; then
    { chown --reference="$file" "$file.new" && chmod --reference="$file" "$file.new"; } || die "$file: owner and mode can't be kept"
  fi
  as_new "$1"
  put_new "$file"
  rm -f "$blocking_drop_in"
  systemctl daemon-reload
}
# create_unit NAME UNIT: UNIT, in base64, becomes the unit of a process. When it ends it writes that down itself.
create_unit() {
  local file
  file=/etc/systemd/system/$(service_of "$1")
  as_new "$1"
  (umask 077 && base64 -d <<<"$2" >"$units_aside/$1/unit.new") || die "unit $1: its spec can't be written"
  grep -q '^ExecStart=' "$units_aside/$1/unit.new" || die "unit $1: its spec is no unit"
  sed -n 's/^# argument //p' "$units_aside/$1/unit.new" >"$units_aside/$1/words"
  end_recorder "$1" >"$units_aside/$1/end.sh"
  sed "s#^\[Service\]\$#&\nExecStopPost=/usr/bin/env bash $units_aside/$1/end.sh#" "$units_aside/$1/unit.new" >"$file.new"
  put_new "$file"
  rm "$units_aside/$1/unit.new"
  touch "$units_aside/$1/made"
  systemctl daemon-reload
}
# end_recorder NAME: prints the script that a unit runs when it has ended.
end_recorder() {
  cat <<END
case \$EXIT_STATUS in KILL) EXIT_STATUS=137 ;; TERM) EXIT_STATUS=143 ;; esac
started=\$(systemctl show -p ExecMainStartTimestamp $(service_of "$1"))
printf 'exit_code=%s\nstarted=%s\n' "\$EXIT_STATUS" "\$(date -u -d "\${started#*=}" +%Y-%m-%dT%H:%M:%SZ)" >$units_aside/$1/end
END
}

# start_service NAME: systemd and boot start it again from now on; one that runs but once has no [Install] that says so.
start_service() {
  local service
  service=$(service_of "$1")
  # a run that set it aside, and was killed before it had its new name, has left the rest
  rm -f "$units_aside/$1"/{created,was,run,kept,env,env-path,unit,log}
  ! unit_text "$1" | grep -q '^\[Install\]' || systemctl is-enabled -q "$service" || systemctl --no-reload enable -q "$service" || return
  begin_service "$1"
}
# begin_service NAME: returns when its process is there, or has ended already; systemd calls an etcd active only once it has a quorum.
begin_service() {
  local tries service
  service=$(service_of "$1")
  systemctl reset-failed "$service" 2>/dev/null || true
  # a run that was killed may not have come to it: systemd would start what was there before, or nothing
  [[ $(service_show "$1" NeedDaemonReload) != yes ]] || systemctl daemon-reload || return
  systemctl start --no-block "$service" || return
  for ((tries = 0; tries < 200; tries++)); do
    [[ $(service_show "$1" MainPID) == 0 ]] || return 0
    [[ $(service_show "$1" ActiveState)/$(service_show "$1" Job) != @(failed|inactive)/@(0|) ]] || break
    sleep 0.05
  done
  # one that runs but once may have ended by now
  [[ $(service_show "$1" ExecMainStartTimestampMonotonic) != 0 || -e $units_aside/$1/end ]] || {
    echo "unit $1: systemd doesn't start it: $(systemctl status --no-pager -n 0 "$service" 2>&1 | grep -E 'Active:|Assert:|Condition:' | paste -sd' ')" >&2
    return 1
  }
}
# stop_service GRACE NAME: a program that runs alone under this name is stopped, too.
stop_service() {
  local grace=$1 name=$2 service ends
  if ! is_service "$name"; then
    # set aside but a moment ago, perhaps: then it isn't a process any more, but its unit may run
    if [[ -e $units_aside/$name ]] && is_kept "$name"; then return 0; fi
    stop_alone_program "$grace" "$name"
    return
  fi
  service=$(service_of "$name")
  if [[ $grace == 0 ]]; then
    systemctl kill -s KILL "$service" 2>/dev/null || true
    systemctl stop "$service"
    return
  fi
  systemctl stop --no-block "$service" || return
  ends=$(($(date +%s%3N) + grace * 1000))
  until [[ $(service_show "$name" ActiveState) == @(inactive|failed) ]]; do
    if (($(date +%s%3N) > ends)); then
      systemctl kill -s KILL "$service" 2>/dev/null || true
      systemctl stop "$service"
      return
    fi
    sleep 0.1
  done
}
restart_service() {
  is_service "$2" || { echo "unit $2: is missing" >&2 && return 1; }
  stop_service "$1" "$2" && start_service "$2"
}
# disable_service NAME: writes down what it was, and sees to it that nothing starts it any more, though it may still run.
disable_service() {
  local service folder=$units_aside/$1
  service=$(service_of "$1")
  (umask 077 && mkdir -p "$folder")
  [[ -e $folder/was ]] || systemctl is-enabled "$service" >"$folder/was.new" 2>/dev/null || true
  [[ ! -e $folder/was.new ]] || put_new "$folder/was"
  # systemd forgets its start once it has stopped
  [[ -e $folder/run && $(service_show "$1" MainPID) == 0 ]] || printf 'restarts=%s\nstarted=%s\n' "$(service_show "$1" NRestarts)" "$(service_started "$1")" >"$folder/run"
  systemctl --no-reload disable -q "$service" 2>/dev/null || true
}
# keep_service NAME TO: keeps what is known of a stopped process under its new name, and takes its unit away or blocks it. In this order: killed after any of
# its steps, the process is either a unit that can start or one that is kept, under NAME or TO, and a rerun goes on from there.
keep_service() {
  local from=$units_aside/$1 to=$units_aside/$2 service file
  service=$(service_of "$1")
  # a run that was killed may have kept it under NAME already; what is written below is read from the unit, not from that
  (umask 077 && mkdir -p "$from" && rm -f "$from/kept") || return
  unit_text "$1" >"$from/unit" || return
  env_file_of "$1" >"$from/env-path"
  words_of "$1" >"$from/words.new" && put_new "$from/words" || return
  file=$(cat "$from/env-path")
  if [[ -n $file && -e $file ]]; then cp -p "$file" "$from/env" && lasts "$from/env" || return; else : >"$from/env"; fi
  [[ -e $from/id ]] || definition_text "$1" | sha256sum | cut -c1-12 >"$from/id"
  service_log "$service" "$(cat "$from/since" 2>/dev/null)" "" 20000 "" >"$from/log" 2>/dev/null || true
  { cat "$from/run" && printf '%s\n' "exit_code=$(service_exit_code "$1")" "until=$(date +@%s.%6N)" "service=$service"; } >"$from/kept.new" || return
  put_new "$from/kept" || return
  if [[ $1 == etcd ]]; then
    mkdir -p "${blocking_drop_in%/*}" || return
    printf '%s\n' "# Written by rke-dr, which has set this etcd aside as $2: it must not start. docs/runbook.md says how it comes back." \
      '[Unit]' "AssertPathExists=$never_there" >"$blocking_drop_in.new" || return
    put_new "$blocking_drop_in"
  else
    mv "/etc/systemd/system/$service" "$from/unit-file" || return
    rm -f "$from/made"
  fi
  rm -rf "$to"
  mv "$from" "$to" || return
  systemctl daemon-reload
}
# bring_back_service NAME TO: undoes that. NAME is TO after a kill in the middle of it, or of keep_service. What was kept goes last: until then a rerun
# can begin again.
bring_back_service() {
  local from=$units_aside/$1 to=$units_aside/$2 file was service
  was=$(cat "$from/was" 2>/dev/null) || true
  ! is_service "$2" || { echo "unit $2: is there already" >&2 && return 1; }
  if [[ $(kept_of "$1" service) == etcd.service ]]; then
    [[ $2 == etcd ]] || { echo "unit $1: is etcd.service, and can come back as etcd alone" >&2 && return 1; }
    file=$(cat "$from/env-path")
    if [[ -n $file ]]; then
      cp -p "$from/env" "$file.new" && put_new "$file" || return
    fi
    [[ $1 == "$2" ]] || { rm -rf "$to" && mv "$from" "$to"; } || return
    rm -f "$blocking_drop_in" || return
  else
    [[ $1 == "$2" ]] || { rm -rf "$to" && mv "$from" "$to"; } || return
    end_recorder "$2" >"$to/end.sh" || return
    service=/etc/systemd/system/$(service_of "$2")
    sed "s#^ExecStopPost=.*#ExecStopPost=/usr/bin/env bash $to/end.sh#" "$to/unit-file" >"$service.new" && put_new "$service" || return
    touch "$to/made" || return
  fi
  [[ $was == @(disabled|static) ]] || systemctl --no-reload enable -q "$(service_of "$2")" || return
  systemctl daemon-reload || return
  rm -f "$to"/{kept,env,env-path,unit,unit-file,was,run,log}
  [[ $2 != etcd ]] || rm -f "$to/words"
  begin_service "$2"
}
# drop_service NAME: removes it, running or not. etcd.service's own file stays, blocked.
drop_service() {
  if is_service "$1"; then
    disable_service "$1" && stop_service 0 "$1" && keep_service "$1" "$1.dropped" || return
    rm -rf "${units_aside:?}"/*.dropped
    systemctl reset-failed "$(service_of "$1")" 2>/dev/null || true
  else
    rm -rf "${units_aside:?}/$1"
  fi
}

# service_log SERVICE FROM TO LINES|all SINCE: prints what its process has printed, and systemd's own complaints of it. FROM and TO bound the process
# itself; SINCE is what the caller asks for.
service_log() {
  local from=$2 since=$5
  journalctl --sync 2>/dev/null || true
  [[ -z $since ]] || since=@$(date -d "$since" +%s)
  # the later of the two
  if [[ -n $since ]] && { [[ -z $from ]] || awk -v a="${since#@}" -v b="${from#@}" 'BEGIN { exit !(a > b) }'; }; then from=$since; fi
  ${time_limit:+timeout -k 2 "$time_limit"} journalctl -q --no-pager -o cat -n "$4" ${from:+--since "$from"} ${3:+--until "$3"} \
    "_SYSTEMD_UNIT=$1" _TRANSPORT=stdout + "_SYSTEMD_UNIT=$1" _TRANSPORT=journal + "UNIT=$1" PRIORITY=3 </dev/null
}
# kept_log NAME LINES|all SINCE: the log of a process that was set aside: the journal if it still has it, since that knows the times.
kept_log() {
  if [[ -n $3 ]]; then
    service_log "$(kept_of "$1" service)" "$(cat "$units_aside/$1/since" 2>/dev/null)" "$(kept_of "$1" until)" "$2" "$3"
  elif [[ $2 == all ]]; then
    cat "$units_aside/$1/log"
  else
    tail -n "$2" "$units_aside/$1/log"
  fi
}
