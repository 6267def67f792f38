# needs: runtimes/static-pod/changes runtimes/static-pod/units lib/lasts
# Starts, stops and reports processes as the kubelet's static pods. It defines the names that on-host/runtimes/docker.sh explains, and
# test/lab/runtime-contract.test.ts tries each of them; its other half is plan/runtimes/static-pod.
#
# A process is a manifest, NAME.yaml: in the kubelet's own folder of manifests it runs, in $pods_aside it doesn't. The kubelet starts any file
# of its folder, whatever its name: no copy may ever lie there. Every change of that folder happens while the kubelet is stopped: a running
# kubelet that sees etcd's manifest change waits up to 100 seconds for the API that has just gone with etcd. A stopped kubelet is started by
# the next boot, or by the next change, if the step that stopped it was killed.
# Differences to docker's runtime:
#   - process_disable ends the process as well: the kubelet ends any pod whose manifest is gone
#   - process_rename refuses a process that runs
#   - a pod's containers and logs vanish once it has stopped: what they were is kept in $pods_aside/NAME.kept
#   - a process without network (spec_isolated) and a resident process are systemd units: the kubelet has no such pods
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # not every script reads all of them; pods.sh sets the others
runtime_unit=kubelet.service runtime_folder=/var/lib/kubelet runtime_logs=/var/log/pods kept_as=pod
runtime_settings=()

runtime_facts() {
  # the daemon's answer: its program has a version even if it doesn't run
  printf 'containerd=%s\n' "$(time_limit=10 cri version 2>/dev/null | awk '$1 == "RuntimeVersion:" { print $2 }')"
  ! command -v curl >/dev/null || echo curl=yes
  printf 'kubelet=%s\n' "$(timeout 10 kubelet --version 2>/dev/null | awk '{ print $2 }')"
}
runtime_open_to() { runuser -u "$1" -- test -r "${CONTAINER_RUNTIME_ENDPOINT#unix://}" -a -w "${CONTAINER_RUNTIME_ENDPOINT#unix://}" </dev/null 2>/dev/null; }
process_status() {
  local file
  if is_unit "$1"; then
    unit_status "$1"
  elif is_enabled "$1"; then
    look_at "$(manifests_folder)/$1.yaml" || die "containerd: pod $1 can't be looked at: crictl got no answer"
    case $container_state in
      CONTAINER_RUNNING) status=running ;;
      CONTAINER_EXITED) ! grep -q '^  restartPolicy: Never' "$(manifests_folder)/$1.yaml" && status=restarting || status=exited ;;
      *) status=restarting ;;
    esac
  elif file=$(manifest_of "$1"); then
    [[ -e $pods_aside/$1.kept ]] && status=exited || status=created
  else
    cri version >/dev/null 2>&1 || die "containerd: pod $1 can't be looked at: crictl got no answer"
    status=missing
  fi
}
process_history() {
  local status file
  is_unit "$1" || file=$(manifest_of "$1") || return 1
  process_status "$1"
  if is_unit "$1"; then
    restarts=$(unit_value NRestarts "$(unit_of "$1")") container_started=$(unit_started "$1")
  elif ! is_enabled "$1"; then
    restarts=$(kept "$1" restarts) container_started=$(kept "$1" started)
  fi
  printf '%s %s %s\n' "$status" "${restarts:-0}" "${container_started:-0001-01-01T00:00:00Z}"
}
process_present() { is_unit "$1" || manifest_of "$1" >/dev/null; }
process_runs() {
  process_present "$1" || return 2
  if is_unit "$1"; then
    systemctl is-active -q "$(unit_of "$1")"
  else
    is_enabled "$1" && look_at "$(manifests_folder)/$1.yaml" && [[ $container_state == CONTAINER_RUNNING ]]
  fi
}
process_names() {
  local file
  for file in "$(manifests_folder)"/*.yaml "$pods_aside"/*.yaml /etc/systemd/system/rke-dr-process-*.service; do
    [[ -e $file ]] || continue
    file=${file##*/} file=${file%.yaml} file=${file#rke-dr-process-}
    printf '%s\n' "${file%.service}"
  done
}
process_commands() {
  local name
  for name in $(process_names); do
    printf '%s %s\n' "$name" "$(process_command "$name" | tr '\n' ' ')"
  done
}
process_marked() {
  local name
  for name in $(process_names); do
    ! has_mark "$name" "$1" || process_id "$name"
  done
}
has_mark() {
  if is_unit "$1"; then
    grep -qxF "# mark $2" "/etc/systemd/system/$(unit_of "$1")"
  else
    [[ -n $(in_labels "$2" <"$(manifest_of "$1")") ]]
  fi
}
process_pid() {
  if is_unit "$1"; then
    unit_pid "$1"
  elif is_enabled "$1"; then
    look_at "$(manifests_folder)/$1.yaml" && printf '%s\n' "$container_pid"
  else
    manifest_of "$1" >/dev/null && echo 0
  fi
}
# process_create makes an ID; a manifest of kubeadm's own has none, and is known by its content.
process_id() {
  local file
  if [[ -e $pods_aside/$1.id ]]; then
    cat "$pods_aside/$1.id"
  elif is_unit "$1"; then
    sha256sum <"/etc/systemd/system/$(unit_of "$1")" | cut -c1-12
  else
    file=$(manifest_of "$1") && sha256sum <"$file" | cut -c1-12
  fi
}
process_command() {
  local file ids
  if is_unit "$1"; then
    sed -n 's/^# argument //p' "/etc/systemd/system/$(unit_of "$1")"
    return
  fi
  file=$(manifest_of "$1") && ids=$(containers_of "$file") || return
  if [[ -n $ids ]]; then
    # a key that isn't there ends crictl, but for `index`
    cri inspect -o go-template --template \
      '{{range index .info.config "command"}}{{println .}}{{end}}{{range index .info.config "args"}}{{println .}}{{end}}' "${ids%%$'\n'*}" |
      sed '${/^$/d}'
  else
    { in_container command <"$file" && in_container args <"$file"; } | sed -n 's/^    - //p'
  fi
}
process_image() {
  local file
  file=$(manifest_of "$1") && in_container image <"$file" | awk '{ print $NF }'
}
process_exit_code() {
  if is_unit "$1"; then
    kept "$1" exit_code
  elif is_enabled "$1"; then
    look_at "$(manifests_folder)/$1.yaml" && printf '%s\n' "$exit_code"
  else
    kept "$1" exit_code
  fi
}
process_describe() { describe_as "" "$@"; }
# describe_as AS NAME ...: a line of JSON for each process that is there, under its name or under AS.
describe_as() {
  local as=$1 name history missing=0 status restarts started
  shift
  for name in "$@"; do
    if history=$(process_history "$name"); then
      read -r status restarts started <<<"$history"
      printf '{"name":"%s","status":"%s","restarts":%s,"startedAt":"%s","%s":"%s"}\n' "${as:-$name}" "$status" "$restarts" "$started" \
        "$(is_unit "$name" && echo command || echo manifest)" "$(definition_of "$name" | base64 -w 0)"
    else
      missing=1
    fi
  done
  return "$missing"
}
definition_of() { if is_unit "$1"; then process_command "$1"; else cat "$(manifest_of "$1")"; fi; }
process_keep_description() {
  mkdir -p "$3"
  describe_as "$2" "$1" >"$3/$2.$kept_as.new"
  put_new "$3/$2.$kept_as"
}
process_matches() {
  local file key
  file=$(manifest_of "$1") && [[ $2 == pod:* ]] || return 1
  for key in image command args; do
    [[ $(in_container "$key" <"$file") == "$(base64 -d <<<"${2#pod:}" | in_container "$key")" ]] || return 1
  done
}
# A SPEC is "pod:" and the manifest in base64, or "unit:" and arguments for run_alone, each in base64, joined by commas.
process_create() {
  ! process_present "$1" || die "pod $1: is there already"
  case $2 in
    pod:*)
      mkdir -p "$pods_aside"
      (umask 077 && base64 -d <<<"${2#pod:}" >"$pods_aside/$1.new") || die "pod $1: its spec can't be written"
      grep -q '^kind: Pod' "$pods_aside/$1.new" || die "pod $1: its spec is no manifest"
      od -An -N 6 -t x1 /dev/urandom | tr -d ' ' >"$pods_aside/$1.id"
      # a kubelet that finds an empty manifest after a power cut starts nothing
      lasts "$pods_aside/$1.new"
      mv "$pods_aside/$1.new" "$pods_aside/$1.yaml"
      ;;
    unit:*) make_unit_alone "$1" "${2#unit:}" ;;
    *) die "pod $1: its spec is neither a pod's nor a unit's" ;;
  esac
}
process_start() {
  if is_unit "$1"; then
    start_unit "$1"
  elif ! is_enabled "$1"; then
    local before=""
    before=$(containers_of "$pods_aside/$1.yaml") || return
    with_kubelet_stopped mv "$pods_aside/$1.yaml" "$(manifests_folder)/$1.yaml" || return
    to_be_awaited "$1" "${before%%$'\n'*}"
  fi
}
process_stop() {
  local grace=$1 name pods=()
  shift
  for name in "$@"; do
    if is_unit "$name"; then
      stop_unit "$grace" "$name"
    elif is_enabled "$name"; then
      pods+=("$name")
    elif ! manifest_of "$name" >/dev/null; then
      stop_alone "$grace" "$name"
    fi
  done
  [[ ${#pods[@]} == 0 ]] || with_kubelet_stopped on_each put_aside "$grace" "${pods[@]}"
}
process_restart() {
  local grace=$1 name before pods=() befores=() i
  shift
  for name in "$@"; do
    if is_unit "$name"; then
      stop_unit "$grace" "$name"
      start_unit "$name"
    elif is_enabled "$name"; then
      before=$(containers_of "$(manifests_folder)/$name.yaml") || return
      pods+=("$name") befores+=("${before%%$'\n'*}")
    else
      process_start "$name" || return
    fi
  done
  [[ ${#pods[@]} != 0 ]] || return 0
  with_kubelet_stopped on_each end_pod "$grace" "${pods[@]}" || return
  for i in "${!pods[@]}"; do to_be_awaited "${pods[i]}" "${befores[i]}" || return; done
}
process_disable() { process_stop 10 "$@"; }
process_rename() {
  if is_unit "$1" || is_enabled "$1"; then
    echo "pod $1: runs, and only one that is set aside can be renamed" >&2
    return 1
  fi
  mv "$pods_aside/$1.yaml" "$pods_aside/$2.yaml"
  move_records "$1" "$2"
}
process_bring_back() { process_rename "$1" "$2" && process_start "$2"; }
process_set_aside() {
  if is_enabled "$1"; then
    with_kubelet_stopped put_aside "$1" "$3" "$2"
  else
    process_rename "$1" "$2"
  fi
}
process_drop() {
  local name names=() enabled=()
  for name in "$@"; do names+=("$(name_of "$name")"); done
  for name in "${names[@]}"; do
    if is_unit "$name"; then
      drop_unit "$name"
    elif is_enabled "$name"; then
      enabled+=("$name")
    fi
  done
  [[ ${#enabled[@]} == 0 ]] || with_kubelet_stopped on_each put_aside 0 "${enabled[@]}"
  for name in "${names[@]}"; do
    if manifest_of "$name" >/dev/null; then forget_pod "$name"; else drop_alone "$name"; fi
  done
}
process_delete() {
  local name
  for name in "$@"; do
    ! process_runs "$name" || { echo "$name: runs, and only one that is stopped can be deleted" >&2 && return 1; }
  done
  process_drop "$@"
}
process_log() {
  local name=$1 lines=${2:-all} since=${3:-} file id
  if is_unit "$name"; then
    limited journalctl -u "$(unit_of "$name")" -o cat --no-pager ${since:+--since "@$(date -d "$since" +%s)"} -n "$lines"
    return
  fi
  # containerd writes the host's own time
  [[ -z $since ]] || since=$(date -d "$since" +%Y-%m-%dT%H:%M:%S)
  file=$(manifest_of "$name") || { echo "pod $name: is missing" >&2 && return 1; }
  {
    local live=""
    if is_enabled "$name"; then live=$(containers_of "$file") || return; fi
    for id in "$pods_aside/$name.logs"/*; do
      [[ ! -e $id || $live == *"${id##*-}"* ]] || cat "$id"
    done
    for id in $(tac <<<"$live"); do cri logs -t "$id" 2>&1; done
  } | awk -v since="$since" 'substr($1, 1, 19) >= since { sub(/^[^ ]* /, ""); print }' |
    if [[ $lines == all ]]; then cat; else tail -n "$lines"; fi
}
process_exec() {
  local name=$1 file
  shift
  if is_unit "$name" || is_alone "$name"; then
    limited ctr -n k8s.io tasks exec --exec-id "exec-$RANDOM-$$" "rke-dr-$name" "$@" </dev/null
  else
    if ! { file=$(manifest_of "$name") && look_at "$file" && [[ $container_state == CONTAINER_RUNNING ]]; }; then
      echo "pod $name: doesn't run" >&2
      return 1
    fi
    cri exec -s "$container_id" "$@"
  fi
}
# The image has no shell, and etcd's environment no settings for etcdctl: they are etcd's own, which may serve as a client's.
process_etcdctl() {
  local name=$1 endpoints=$2 argument settings=()
  shift 2
  while IFS= read -r argument; do
    case $argument in
      --trusted-ca-file=*) settings+=("--cacert=${argument#*=}") ;;
      --cert-file=*) settings+=("--cert=${argument#*=}") ;;
      --key-file=*) settings+=("--key=${argument#*=}") ;;
      --listen-client-urls=*) endpoints=${endpoints:-$(cut -d , -f 1 <<<"${argument#*=}")} ;;
    esac
  done < <(process_command "$name")
  if [[ "$*" =~ (^|\ )snapshot\ (status|restore)(\ |$) ]]; then
    # etcdctl of 3.6 can't any more
    process_exec "$name" etcdutl "$@"
    return
  fi
  # crictl adds empty lines
  process_exec "$name" etcdctl ${endpoints:+"--endpoints=$endpoints"} ${settings[@]+"${settings[@]}"} "$@" | sed '/^$/d'
}
process_keep_resident() {
  process_drop "$1"
  [[ -e $2 ]] || die "$1: there is no $2 to run"
  write_unit "$1" always yes "$2" "" "${4:-}" "${5:-30}"
  systemctl enable -q --now "$(unit_of "$1")"
}
spec_isolated() { [[ $1 == unit:* ]]; }
spec_with_memory() { printf '%s' "$1"; }
# an argument stands alone in a line of the container's command; a word with other characters is quoted, and then none is replaced
spec_with_argument() {
  local text line with=""
  text=$(base64 -d <<<"${1#pod:}") || return
  while IFS= read -r line; do
    [[ $line != "    - $2" ]] || line="    - $3"
    with+=$line$'\n'
  done <<<"$text"
  printf 'pod:%s' "$(printf '%s' "$with" | base64 -w 0)"
}
image_present() { cri inspecti -q "$1" >/dev/null 2>&1; }
image_fetch() { image_present "$1" || cri pull "$1" >/dev/null; }
image_like() { image_list | pattern=$1 awk '!found && $1 ~ ENVIRON["pattern"] { print $1; found = 1 } END { exit !found }'; }
image_list() { cri images --no-trunc --digests 2>/dev/null | awk 'NR > 1 { print $1 ":" $2, $3, $4 }'; }
# containerd 1 and 2 name the sandbox's image differently. The kubelet's defaults are those of its version 1.36 (pkg/kubelet/apis/config/v1beta1).
node_facts() {
  local info state
  info=$(cri info 2>/dev/null) || true
  printf 'sandboxImage=%s\n' "$(sed -n -E 's/^ *"(sandboxImage|sandbox)": "([^"]+)".*/\2/p' <<<"$info" | head -n 1)"
  printf 'runtimeCgroups=%s\n' "$(grep -q '"SystemdCgroup": true' <<<"$info" && echo systemd || echo cgroupfs)"
  printf 'kubeletCgroups=%s\n' "$(kubelet_setting cgroupDriver cgroupfs)"
  printf 'imageThreshold=%s\n' "$(kubelet_setting imageGCHighThresholdPercent 85)"
  printf 'imageUsed=%s\n' "$(df -B1 --output=size,avail /var/lib/containerd 2>/dev/null | awk 'NR == 2 && $1 > 0 { print 100 - int($2 * 100 / $1) }')"
  state=$(unit_value SubState kubelet 2>/dev/null) || true
  printf 'kubelet=%s\n' "$state"
  [[ ! -e $kubelet_mark ]] && ! kubelet_is_queued || echo kubeletHeld=yes
  second_manifests
  [[ $state == running ]] || printf 'kubeletWords=%s\n' "$(limited journalctl -u kubelet -o cat --no-pager -n 300 2>/dev/null | grep -E '^[EF][0-9]{4} ' | tail -n 1 | cut -c1-300)"
}
# kubelet_setting KEY DEFAULT: prints a top-level setting of the kubelet's file.
kubelet_setting() {
  local value
  value=$(sed -n "s/^$1: *\"\{0,1\}\([^\" ]*\)\"\{0,1\} *$/\1/p" "$kubelet_settings" 2>/dev/null) || true
  printf '%s' "${value:-$2}"
}
pod_list() {
  local id
  # when a sandbox was made, crictl says in words alone
  cri pods --no-trunc 2>/dev/null | awk 'NR > 1 { print $1 "|podsandbox|||k8s_POD_" $(NF - 3) "_" $(NF - 2) "__0" }'
  for id in $(cri ps -a -q --no-trunc); do
    cri inspect -o go-template --template \
      '{{.status.id}}|container|{{.info.sandboxID}}|{{.status.createdAt}}|{{.status.metadata.name}}' "$id" 2>/dev/null || true
  done
}
