# needs: nothing
# Reads static pods: their manifests, and their containers by the CRI. static-pod.sh says where both lie.
# shellcheck shell=bash
# shellcheck disable=SC2034 # what look_at sets is for its callers
pods_aside=/var/lib/rke-dr/pods
kubelet_settings=/var/lib/kubelet/config.yaml
kubelet_arguments=/var/lib/kubelet/kubeadm-flags.env
export CONTAINER_RUNTIME_ENDPOINT=${CONTAINER_RUNTIME_ENDPOINT:-unix:///run/containerd/containerd.sock}
export IMAGE_SERVICE_ENDPOINT=$CONTAINER_RUNTIME_ENDPOINT

# limited COMMAND ...: runs it, for $time_limit seconds if that is set.
limited() { ${time_limit:+timeout -k 2 "$time_limit"} "$@"; }
cri() { limited crictl "$@" </dev/null; }
# manifests_folder: prints the folder whose files the kubelet starts.
manifests_folder() {
  local folder
  folder=$(sed -n 's/^staticPodPath: *"\{0,1\}\([^"]*\)"\{0,1\} *$/\1/p' "$kubelet_settings" 2>/dev/null) || true
  printf '%s' "${folder:-/etc/kubernetes/manifests}"
}
# node_name: the name that the kubelet appends to a static pod's.
node_name() {
  local name
  name=$(sed -n 's/.*--hostname-override=\([^" ]*\).*/\1/p' "$kubelet_arguments" 2>/dev/null) || true
  [[ -n $name ]] || name=$(hostname)
  printf '%s' "${name,,}"
}
# manifest_of NAME: prints the path of its manifest; returns 1 if there is none.
manifest_of() {
  local file
  for file in "$(manifests_folder)/$1.yaml" "$pods_aside/$1.yaml"; do
    [[ ! -e $file ]] || { printf '%s' "$file" && return; }
  done
  return 1
}
is_enabled() { [[ -e $(manifests_folder)/$1.yaml ]]; }
# in_metadata KEY < MANIFEST: prints the value of a key of the pod's metadata, as every Kubernetes program writes it.
in_metadata() { awk -v key="$1:" '/^metadata:/ { m = 1; next } /^[^ ]/ { m = 0 } m && $1 == key && /^  [^ ]/ { gsub(/["'"'"']/, "", $2); print $2; exit }'; }
# second_manifests: prints a line "secondManifest=PATH" for each other file of the kubelet's folder that has the pod of etcd or the control plane. The kubelet
# takes every file for a manifest whose name doesn't begin with a dot (pkg/kubelet/config/file.go), and of two with one pod either.
second_manifests() {
  local file name
  for file in "$(manifests_folder)"/*; do
    [[ -f $file ]] || continue
    name=$(in_metadata name <"$file" 2>/dev/null) || continue
    case $name in
      etcd | kube-apiserver | kube-controller-manager | kube-scheduler) [[ ${file##*/} == "$name.yaml" ]] || printf 'secondManifest=%s\n' "$file" ;;
    esac
  done
}
# in_container KEY < MANIFEST: prints the first line with a key of the container that is named as its pod, and the lines of its list, as they stand
# but for the dash before a container's first key. A patch may put other containers before it.
in_container() {
  awk -v key="$1" '
    /^[a-zA-Z]/ { section = $1 }
    /^  [a-zA-Z]/ {
      if (section == "metadata:" && $1 == "name:") pod = $2
      inside = (section == "spec:" && $1 == "containers:")
      next
    }
    !inside { next }
    sub(/^  - /, "    ") { count++ }
    /^    name:/ { name[count] = $2 }
    { lines[count] = lines[count] $0 "\n" }
    END {
      chosen = 1
      for (i = count; i > 0; i--) if (name[i] == pod) chosen = i
      total = split(lines[chosen], line, "\n")
      for (i = 1; i <= total; i++) {
        if (found && line[i] !~ /^    - / && line[i] !~ /^      /) exit
        if (!found && line[i] ~ "^    " key ":") found = 1
        if (found) print line[i]
      }
    }'
}
# containers_of FILE [STATE]: prints the IDs of the containers of the pod in a manifest, newest first. Returns 1 if the runtime doesn't answer.
containers_of() {
  local name namespace
  name=$(in_metadata name <"$1") namespace=$(in_metadata namespace <"$1")
  cri ps -a -q --no-trunc ${2:+--state "$2"} --label "io.kubernetes.pod.name=$name-$(node_name)" \
    --label "io.kubernetes.pod.namespace=${namespace:-default}" --label "io.kubernetes.container.name=$name" 2>/dev/null
}
# look_at FILE: sets $container_id (empty if there is no container), $container_state, $restarts, $container_started, $container_pid, $exit_code.
# Returns 1 if the runtime doesn't answer.
look_at() {
  local ids seen
  container_id="" container_state="" restarts=0 container_started=0001-01-01T00:00:00Z container_pid=0 exit_code=0
  ids=$(containers_of "$1") || return 1
  [[ -n $ids ]] || return 0
  # one that was removed between the two questions isn't there
  seen=$(cri inspect -o go-template --template \
    '{{.status.state}} {{.status.metadata.attempt}} {{.status.startedAt}} {{index .info "pid"}} {{index .status "exitCode"}}' "${ids%%$'\n'*}" 2>/dev/null) || return 0
  container_id=${ids%%$'\n'*}
  read -r container_state restarts container_started container_pid exit_code <<<"$seen"
  [[ $restarts =~ ^[0-9]+$ ]] || restarts=0
  [[ $exit_code =~ ^[0-9]+$ ]] || exit_code=0
  # since an operator or a program last started it
  seen=$(cat "$pods_aside/$(basename "$1" .yaml).attempt" 2>/dev/null) || seen=0
  ((restarts < seen)) || restarts=$((restarts - seen))
  [[ $container_pid =~ ^[0-9]+$ && $container_state == CONTAINER_RUNNING ]] || container_pid=0
}
# kept NAME KEY: prints what was kept of a process that has stopped.
kept() { sed -n "s/^$2=//p" "$pods_aside/$1.kept" 2>/dev/null || true; }
created() { cri inspect -o go-template --template '{{.status.createdAt}}' "$1" 2>/dev/null; }
in_labels() { awk -v key="$1:" '/^  labels:/ { m = 1; next } /^[^ ]/ || /^  [^ ]/ { m = 0 } m && $1 == key { print $2; exit }'; }
