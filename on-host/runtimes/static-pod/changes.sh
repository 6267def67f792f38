# needs: runtimes/static-pod/pods runtimes/static-pod/units lib/lasts
# Changes static pods, while the kubelet is stopped.
# shellcheck shell=bash
# shellcheck disable=SC2154 # pods.sh sets them

kubelet_mark=/run/rke-dr-kubelet-stopped
# set while this step holds the kubelet, and what it has started meanwhile: "NAME CONTAINER-BEFORE" each
kubelet_held="" started_meanwhile=()

# with_kubelet_stopped COMMAND ...: the kubelet is stopped while it runs, and started again if it ran before, or was left stopped by a step
# that was killed. Steps that run at the same time on one host do so one after the other. $kubelet_waits: not empty if systemd starts the kubelet
# only after this script; then it is left alone, since to stop it would take its start back.
with_kubelet_stopped() {
  local ended=0
  if [[ -n $kubelet_held || -n ${kubelet_waits:-} ]]; then
    "$@"
    return
  fi
  stop_kubelet || return
  "$@" || ended=$?
  start_kubelet || return
  return "$ended"
}
stop_kubelet() {
  exec 7>/run/rke-dr-kubelet.lock
  flock -w 120 7 || {
    exec 7>&-
    echo "kubelet: another step has held it for 120 s" >&2
    return 1
  }
  case $(systemctl is-active kubelet) in
    # one that ends over and over is "activating"
    active | activating | reloading) : >"$kubelet_mark" ;;
    # the stop takes that start back
    *) ! kubelet_is_queued || : >"$kubelet_mark" ;;
  esac
  systemctl stop kubelet 7>&- || {
    exec 7>&-
    return 1
  }
}
# kubelet_is_queued: true if systemd has yet to start it: after a boot it waits until the return guard has asked the other side.
kubelet_is_queued() { [[ $(unit_value Job kubelet) =~ ^[1-9] ]]; }
start_kubelet() {
  if [[ -e $kubelet_mark ]]; then
    systemctl start kubelet 7>&- || {
      exec 7>&-
      return 1
    }
    rm -f "$kubelet_mark"
  fi
  exec 7>&-
}
runtime_restart_watcher() { with_kubelet_stopped true; }
runtime_hold() {
  [[ -z $kubelet_held ]] || return 0
  stop_kubelet || return
  kubelet_held=yes started_meanwhile=()
}
# The kubelet, once it is started again, knows of no back-off. A step that fails lets go of it, too; one that is killed leaves the mark.
# NAME matters for a kube-apiserver whose own etcd is gone or has no quorum, too. It still accepts connections, and gives out Nodes and pods from its cache; so
# the kubelet asks it for a mirror pod before it starts any static pod, and waits for more than half a minute each time (pkg/kubelet/kubelet.go,
# tryReconcileMirrorPods, v1.36.3). One that was ended refuses connections, and the kubelet goes on at once.
# shellcheck disable=SC2120 # steps pass names of processes
runtime_release() {
  local name one
  [[ -n $kubelet_held ]] || return 0
  for name in "$@"; do
    ! is_enabled "$name" || end_containers "$(manifests_folder)/$name.yaml" 0 || true
  done
  kubelet_held=""
  start_kubelet || return
  for one in ${started_meanwhile[@]+"${started_meanwhile[@]}"}; do
    wait_for_container "${one%% *}" "${one#* }" || return
  done
}
# end_containers FILE GRACE: ends the pod's containers; without grace at once. An etcd that ends with grace waits 5 to 8 s for its clients.
end_containers() {
  local ids
  ids=$(containers_of "$1" running) || return
  # shellcheck disable=SC2086 # a list of IDs
  [[ -z $ids ]] || cri stop -t "$2" $ids >/dev/null
}
# keep_pod NAME FILE: keeps what is known of a process and its output; the kubelet removes both soon after its end.
keep_pod() {
  local id
  look_at "$2" || return
  mkdir -p "$pods_aside/$1.logs"
  printf '%s\n' "restarts=$restarts" "started=$container_started" "exit_code=$exit_code" >"$pods_aside/$1.kept.new"
  put_new "$pods_aside/$1.kept"
  for id in $(containers_of "$2"); do
    cri logs -t --tail 20000 "$id" >"$pods_aside/$1.logs/$(created "$id")-${id:0:12}" 2>&1 || true
  done
}
# put_aside NAME GRACE [TO]: with the kubelet stopped. Moves the manifest away first: after a boot in between the process doesn't run.
put_aside() {
  local from to=${3:-$1}
  from=$(manifests_folder)/$1.yaml
  mkdir -p "$pods_aside"
  # `set -e` is off here
  mv "$from" "$pods_aside/$to.yaml" || return
  [[ $to == "$1" ]] || move_records "$1" "$to" || return
  end_containers "$pods_aside/$to.yaml" "$2" || return
  keep_pod "$to" "$pods_aside/$to.yaml"
}
# move_records NAME TO: what is kept of a process gets its new name.
move_records() {
  local part
  for part in kept logs id attempt; do
    [[ ! -e $pods_aside/$1.$part ]] || mv "$pods_aside/$1.$part" "$pods_aside/$2.$part" || return
  done
}
# wait_for_container NAME BEFORE: waits for a container that isn't BEFORE, for up to a minute; the kubelet takes 2 to 5 s.
wait_for_container() {
  local tries
  rm -f "$pods_aside/$1.attempt"
  for ((tries = 0; tries < 300; tries++)); do
    if look_at "$(manifests_folder)/$1.yaml" && [[ -n $container_id && $container_id != "$2" && $container_state != CONTAINER_CREATED ]]; then
      # the kubelet counts on, over its own end and the pod's
      mkdir -p "$pods_aside"
      echo "$restarts" >"$pods_aside/$1.attempt"
      return
    fi
    sleep 0.2
  done
  echo "pod $1: the kubelet has not started it within a minute: journalctl -u kubelet says why" >&2
  return 1
}
# to_be_awaited NAME BEFORE: waits for it, or leaves that to runtime_release.
to_be_awaited() {
  if [[ -n $kubelet_held ]]; then
    started_meanwhile+=("$1 ${2:-none}")
  else
    wait_for_container "$1" "$2"
  fi
}
# on_each COMMAND GRACE NAME ...: COMMAND NAME GRACE for all of them at the same time; returns the status of one that failed.
on_each() {
  local command=$1 grace=$2 name jobs=() ended=0
  shift 2
  for name in "$@"; do "$command" "$name" "$grace" & jobs+=($!); done
  for name in "${jobs[@]}"; do wait "$name" || ended=$?; done
  return "$ended"
}
# end_pod NAME GRACE: ends its containers; its manifest stays.
end_pod() { end_containers "$(manifests_folder)/$1.yaml" "$2"; }
# name_of NAME|ID: an ID is what process_marked prints.
name_of() {
  local name
  if [[ $1 =~ ^[0-9a-f]{12}$ ]] && ! process_present "$1"; then
    for name in $(process_names); do
      [[ $(process_id "$name") != "$1" ]] || { printf '%s' "$name" && return; }
    done
  fi
  printf '%s' "$1"
}
# forget_pod NAME: removes a stopped pod with all that the kubelet and this file keep of it.
forget_pod() {
  local pod file=$pods_aside/$1.yaml
  for pod in $(cri pods -q --no-trunc --label "io.kubernetes.pod.name=$(in_metadata name <"$file")-$(node_name)"); do
    cri rmp -f "$pod" >/dev/null 2>&1 || true
  done
  rm -rf "$file" "$pods_aside/$1".{kept,logs,id,attempt}
}
