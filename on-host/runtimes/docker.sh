# needs: lib/lasts
# Starts, stops and reports processes as docker's containers. Every runtime defines exactly these names (test/lab/runtime-contract.test.ts
# tries each of them); its other half is plan/runtimes/docker, which makes SPEC and reads descriptions.
#
# NAME is a process's name as the host lists it (etcd, etcd-before-epoch-2). SPEC is one line that the plan's half has made. A function returns
# 0, or the failing command's status with its reason on stderr; "ends the step" means that it calls the caller's `die`. With $time_limit set
# (`time_limit=10 process_log ...`), process_log, process_exec, process_etcdctl, run_alone, image_list and pod_list end after so many seconds,
# with 124 or 137.
#
#   variables          runtime_unit        the runtime's systemd unit
#                      runtime_settings    without systemd: files of settings that its init script runs as shell, the preferred one last
#                      runtime_folder      where it keeps what it runs
#                      runtime_logs        where it keeps what processes have printed
#                      kept_as             the ending of files that process_keep_description writes
#   runtime_facts      prints lines NAME=VALUE about the runtime itself, for facts
#   runtime_open_to USER         returns 1 if this user of the host can't use the runtime
#   process_status NAME          sets $status: running, created, restarting, exited, ..., or missing. Ends the step if the runtime doesn't answer
#   process_history NAME         prints "STATUS RESTARTS STARTED-AT"; returns 1 if NAME is missing
#   process_present NAME         returns 1 if NAME is missing, or the runtime doesn't answer
#   process_runs NAME            returns 0 if it runs (or is being restarted), 1 if it doesn't, 2 if it is missing
#   process_names                prints all names, of stopped processes, too
#   process_commands             prints a line "NAME COMMAND" for each of them
#   process_marked MARK          prints the IDs of all processes with this mark; process_drop takes them
#   process_pid NAME             prints the process ID of its main process; 0 if it doesn't run
#   process_id NAME              prints an ID that it keeps until it is created anew, 12 digits
#   process_command NAME         prints its command, an argument a line
#   process_image NAME           prints its image, as run_alone takes it
#   process_exit_code NAME       prints the exit code of its last run
#   process_describe NAME ...    prints a line for each that is there, which the plan's half reads; returns 1 if one is missing
#   process_keep_description NAME AS FOLDER   writes that line, under the name AS, to FOLDER/AS.$kept_as; it outlives the process
#   process_matches NAME SPEC    returns 1 if its image or arguments aren't those of SPEC
#   runtime_hold                 from now on the runtime starts nothing by itself, and process_start only arranges it, until
#   runtime_release [NAME ...]   which waits for what was started. NAME: processes that have failed meanwhile and that the runtime begins afresh at once.
#                                A runtime that starts nothing but what it is told to needs neither, and ignores them
#   runtime_restart_watcher      restarts the part of the runtime that watches the API, so that it begins afresh; returns 1 if it has none
#   process_create NAME SPEC     creates it without starting it. Ends the step if the runtime refuses, as where NAME is there already
#   process_start NAME           starts it, or leaves it running
#   process_stop GRACE NAME ...  stops them at the same time, SIGKILL after GRACE seconds; 0: SIGKILL alone. A stopped one stays stopped
#   process_restart GRACE NAME ...
#   process_disable NAME ...     neither runtime nor boot starts them any more. May be refused for one that ends at this moment
#   process_rename NAME TO
#   process_set_aside NAME TO GRACE   disables, stops and renames it, in an order that a reboot in between doesn't start it again
#   process_bring_back NAME TO   undoes that: renames it to TO, and runtime and boot start it again; starts it
#   process_drop NAME ...        removes them, running or not; one that is missing is no error
#   process_delete NAME ...      removes stopped ones; fails for one that runs
#   process_log NAME [LINES|all [SINCE]]   prints its output and errors, the last LINES lines, since an RFC 3339 time
#   process_exec NAME PROGRAM ARGUMENT ...     runs a program of its image in its environment
#   process_etcdctl NAME ENDPOINTS ARGUMENT ...   runs etcdctl in the environment of the running etcd NAME. ENDPOINTS are client URLs,
#                                separated by commas; empty: its own. (etcdctl fails if a flag names others than its environment.)
#   run_alone IMAGE PROGRAM [OPTION ...] -- ARGUMENT ...   runs a program of an image until it ends; nothing of it stays. It has no network
#                                but its own loopback. Options: --host-network; --name NAME; --mark MARK; --env NAME=VALUE;
#                                --write FROM:TO, --read FROM:TO (mounts); --look FROM:TO (a mount that doesn't change labels of files either);
#                                --last (least processor time, first to die when memory is short, not confined by SELinux)
#   process_keep_resident NAME SCRIPT [SPEC [FIRST [SECONDS]]]   runs the host's own file SCRIPT with bash in the host's own root, now and after each
#                                boot and end, in the place of what had this name. SPEC, if given, is used instead of the runtime's own.
#                                FIRST: an argument with which SCRIPT runs before, and after a boot before any other process of the
#                                runtime, if the runtime can wait for it (docker can't); SECONDS: for so long at most, 0: without a limit
#   spec_isolated SPEC           returns 1 if its process has a network
#   spec_with_memory SPEC BYTES  prints SPEC with this limit, if it has a place for one
#   spec_with_argument SPEC ARGUMENT OTHER   prints SPEC with OTHER in the place of this argument
#   image_present IMAGE          returns 1 if the host doesn't have it
#   image_fetch IMAGE            gets it if the host doesn't have it
#   image_like REGEX             prints the name of one image that matches; returns 1 if there is none
#   image_list                   prints a line "NAME DIGEST ID" for each image
#   pod_list                     prints a line "ID|TYPE|SANDBOX|CREATED|NAME" for each part of a pod
#   node_facts                   prints lines KEY=VALUE, how the kubelet and the runtime under it are set up, where both are the host's own
# shellcheck shell=bash
# shellcheck disable=SC2034 # not every script reads all of them
runtime_unit=docker.service runtime_folder=/var/lib/docker runtime_logs=/var/lib/docker/containers kept_as=container
# shellcheck disable=SC2034
# OpenRC's, which goes first if its folder is there, and Debian's
runtime_settings=(/etc/default/docker /etc/conf.d/docker)

runtime_hold() { :; }
runtime_release() { :; }
runtime_restart_watcher() { return 1; }

# docker_api METHOD PATH [BODY]: RKE's containers have the whole command in Entrypoint, and the docker command can't create such a
# container; Docker's API can. Ends the step if docker refuses.
docker_api() {
  local answer code
  answer=$(printf '%s' "${3:-}" | curl -sS --max-time 60 --unix-socket /var/run/docker.sock -X "$1" \
    -H 'Content-Type: application/json' ${3:+--data-binary @-} -w '\n%{http_code}' "http://docker$2") ||
    die "docker: $1 $2 got no answer"
  code=${answer##*$'\n'}
  [[ $code == 2?? || $code == 304 ]] || die "docker: $1 $2 answered $code: ${answer%$'\n'*}"
}
# limited COMMAND ...: runs it, for $time_limit seconds if that is set.
limited() { ${time_limit:+timeout -k 2 "$time_limit"} "$@"; }

runtime_facts() {
  local version
  # by docker's API if curl can reach it: docker's own commands take several times as long
  version=$(curl -sf --max-time 5 --unix-socket /var/run/docker.sock http://docker/version 2>/dev/null) && printf 'curl=yes\n'
  [[ $version =~ ,\"Version\":\"([^\"]+)\",\"ApiVersion\" ]] && version=${BASH_REMATCH[1]} ||
    version=$(timeout 10 docker version --format '{{.Server.Version}}' 2>/dev/null)
  printf 'docker=%s\n' "$version"
}

runtime_open_to() { runuser -u "$1" -- test -r /var/run/docker.sock -a -w /var/run/docker.sock </dev/null 2>/dev/null; }

process_status() {
  if ! status=$(docker inspect --type container --format '{{.State.Status}}' "$1" 2>&1 </dev/null); then
    [[ $status == *"No such"* ]] || die "docker: container $1 can't be looked at: ${status:0:200}"
    status=missing
  fi
}
process_history() { docker inspect --type container --format '{{.State.Status}} {{.RestartCount}} {{.State.StartedAt}}' "$1" 2>/dev/null </dev/null; }
process_present() { docker inspect --type container "$1" >/dev/null 2>&1 </dev/null; }
process_runs() {
  local running
  running=$(docker inspect --type container --format '{{.State.Running}}' "$1" 2>/dev/null </dev/null) || return 2
  [[ $running == true ]]
}
process_names() { docker ps -a --format '{{.Names}}' </dev/null; }
process_commands() { docker ps -a --no-trunc --format '{{.Names}} {{.Command}}' </dev/null; }
process_marked() { docker ps -aq --filter label="$1" </dev/null; }
process_pid() { docker inspect --type container --format '{{.State.Pid}}' "$1" </dev/null; }
process_id() { docker inspect --type container --format '{{.Id}}' "$1" </dev/null | cut -c1-12; }
process_command() {
  docker inspect --type container --format '{{range .Config.Entrypoint}}{{println .}}{{end}}{{range .Config.Cmd}}{{println .}}{{end}}' "$1" </dev/null
}
process_image() { docker inspect --type container --format '{{.Image}}' "$1" </dev/null; }
process_exit_code() { docker inspect --type container --format '{{.State.ExitCode}}' "$1" </dev/null; }
process_describe() { docker inspect --type container --format '{{json .}}' "$@" </dev/null; }
process_keep_description() {
  mkdir -p "$3"
  process_describe "$1" | sed "s#\"Name\":\"/$1\"#\"Name\":\"/$2\"#" >"$3/$2.$kept_as.new"
  put_new "$3/$2.$kept_as"
}
process_matches() {
  local arguments image
  arguments=$(docker inspect --type container --format '{{json .Config.Cmd}}' "$1" 2>/dev/null </dev/null) || return 1
  image=$(docker inspect --type container --format '{{json .Config.Image}}' "$1" 2>/dev/null </dev/null) || return 1
  [[ $2 == *"\"Cmd\":$arguments,"* && $2 == *"\"Image\":$image,"* ]]
}

process_create() { docker_api POST "/containers/create?name=$1" "$2"; }
process_start() { docker start "$1" >/dev/null </dev/null; }
process_stop() {
  local grace=$1
  shift
  # without grace by `docker kill`: `docker stop -t 0` sends SIGTERM first, and would cut what that begins at any point. `docker kill` refuses
  # a container that doesn't run, then `docker stop` follows.
  { [[ $grace == 0 ]] && docker kill "$@" >/dev/null 2>&1 </dev/null; } || limited docker stop -t "$grace" "$@" >/dev/null </dev/null
}
process_restart() { docker restart -t "$1" "${@:2}" >/dev/null </dev/null; }
process_disable() { docker update --restart=no "$@" >/dev/null </dev/null; }
process_rename() { docker rename "$1" "$2" </dev/null; }
process_set_aside() {
  # docker refuses to disable a container that ends at the same moment, as one does that crashes over and over: then it is done once more
  # when the container is stopped
  local off=yes
  process_disable "$1" 2>/dev/null || off=""
  process_stop "$3" "$1"
  [[ -n $off ]] || process_disable "$1"
  process_rename "$1" "$2"
}
process_bring_back() {
  docker rename "$1" "$2" </dev/null
  docker update --restart=always "$2" >/dev/null </dev/null
  docker start "$2" >/dev/null </dev/null
}
process_drop() {
  local said
  said=$(docker rm -f "$@" 2>&1 >/dev/null </dev/null) && return
  ! grep -v 'No such container' <<<"$said" >&2
}
process_delete() { docker rm "$@" >/dev/null </dev/null; }

process_log() { limited docker logs --tail "${2:-all}" ${3:+--since "$3"} "$1" 2>&1 </dev/null; }
process_exec() { limited docker exec "$@" </dev/null; }
process_etcdctl() { limited docker exec ${2:+-e "ETCDCTL_ENDPOINTS=$2"} "$1" etcdctl "${@:3}" </dev/null; }

run_alone() {
  local image=$1 program=$2 network=none label=,z options=()
  shift 2
  [[ " $* " != *" --last "*" -- "* ]] || label=""
  while [[ $1 != -- ]]; do
    case $1 in
      --host-network) network=host ;;
      --last) options+=(--security-opt label=disable --cpu-shares 64 --oom-score-adj 1000) ;;
      --name | --env) options+=("$1" "$2") && shift ;;
      --mark) options+=(--label "$2=1") && shift ;;
      --write) options+=(-v "$2:rw$label") && shift ;;
      --read) options+=(-v "$2:ro$label") && shift ;;
      --look) options+=(-v "$2:ro") && shift ;;
      *) die "run_alone: unknown option $1" ;;
    esac
    shift
  done
  shift
  limited docker run --rm --network "$network" ${options[@]+"${options[@]}"} --entrypoint "$program" "$image" "$@" </dev/null
}

process_keep_resident() {
  local name=$1 spec=${3:-} image
  process_drop "$name"
  if [[ -z $spec ]]; then
    # any image of RKE's that has chroot will do: everything else that runs is the host's own
    image=$(process_image service-sidekick 2>/dev/null) || image=$(process_image kubelet) ||
      die "$name: neither service-sidekick nor kubelet is here: there is no image for it"
    spec="{\"Image\":\"$image\",\"Entrypoint\":[\"chroot\",\"/host\",\"/usr/bin/env\",\"bash\",\"$2\"],\"Cmd\":null,
    \"HostConfig\":{\"NetworkMode\":\"host\",\"Binds\":[\"/:/host\"],\"SecurityOpt\":[\"label=disable\"],\"RestartPolicy\":{\"Name\":\"always\"},
    \"LogConfig\":{\"Type\":\"json-file\",\"Config\":{\"max-size\":\"1m\",\"max-file\":\"2\"}}}}"
  fi
  process_create "$name" "$spec"
  process_start "$name"
}

spec_isolated() { [[ $1 == *'"NetworkMode":"none"'* ]]; }
spec_with_memory() { printf '%s' "${1/\"Memory\":0/\"Memory\":$2}"; }
spec_with_argument() {
  local from="\"$2\"" to="\"$3\""
  printf '%s' "${1//"$from"/$to}"
}

image_present() { docker image inspect "$1" >/dev/null 2>&1 </dev/null; }
image_fetch() { image_present "$1" || docker pull "$1" >/dev/null </dev/null; }
image_like() { docker images --format '{{.Repository}}:{{.Tag}}' 2>/dev/null </dev/null | grep -m 1 -E "$1"; }
image_list() { limited docker image ls --no-trunc --digests --format '{{.Repository}}:{{.Tag}} {{.Repository}}@{{.Digest}} {{.ID}}' 2>/dev/null; }
# RKE's kubelet is a container of docker's, like the others
node_facts() { :; }
pod_list() {
  limited docker ps -a --no-trunc --filter label=io.kubernetes.pod.name \
    --format '{{.ID}}|{{.Label "io.kubernetes.docker.type"}}|{{.Label "io.kubernetes.sandbox.id"}}|{{.CreatedAt}}|{{.Names}}' 2>/dev/null
}
