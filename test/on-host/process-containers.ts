/**
 * A docker whose containers are real processes of etcd on this machine: each is a folder of `containers/` with its arguments, process, and log.
 * Etcd's programs are $ETCD and etcdctl; certificates lie in the host's state.
 */
export const docker = `#!/bin/bash
all=$RKE_DR_STATE/containers
of=$all/\${*: -1}
alive() { [[ -s $1/pid ]] && kill -0 "$(cat "$1/pid")" 2>/dev/null; }
field() { grep -oE "\\"$1\\":(\\[[^]]*\\]|\\"[^\\"]*\\")" "$of/body" | cut -d: -f2-; }
export ETCDCTL_API=3
case "$1 $*" in
  exec*)
    shift
    endpoints=""
    if [[ $1 == -e ]]; then endpoints=\${2#*=} && shift 2; fi
    of=$all/$1
    alive "$of" || { echo "Error: container $1 is not running"; exit 1; }
    export ETCDCTL_ENDPOINTS=\${endpoints:-$(sed -n 's/^--advertise-client-urls=//p' "$of/arguments")}
    export ETCDCTL_CACERT=$RKE_DR_STATE/kube-ca.pem ETCDCTL_CERT=$RKE_DR_STATE/kube-etcd.pem ETCDCTL_KEY=$RKE_DR_STATE/kube-etcd-key.pem
    exec "\${@:2}" ;;
  run*--entrypoint\\ etcdutl*) echo "exec: etcdutl: executable file not found"; exit 1 ;;
  run*)
    # etcd's image: its etcdctl sees the file and the data where they are mounted
    for mount; do [[ $mount != *:/source.db:* ]] || source=\${mount%%:*}; done
    while [[ $1 != image ]]; do
      [[ $1 != --env ]] || export "$2"
      shift
    done
    of_image=("\${@:2}")
    of_image=("\${of_image[@]/\\/source.db/$source}")
    exec etcdctl "\${of_image[@]/\\/var\\/lib\\/rancher\\/etcd/$all/../etcd}" ;;
  image*) exit 0 ;;
  ps*) ls "$all"; exit ;;
  rename*) mv "$all/$2" "$all/$3"; exit ;;
esac
[[ -d $of || $1 == rm ]] || { echo "Error: No such container: \${of##*/}"; exit 1; }
case "$*" in
  *RestartCount*) if alive "$of"; then echo running 0 now; else echo exited 0 now; fi ;;
  *State.Status*) if alive "$of"; then echo running; else echo exited; fi ;;
  *State.Pid*) cat "$of/pid" ;;
  *State.ExitCode*) echo 0 ;;
  *json\\ .Config.Cmd*) field Cmd ;;
  *json\\ .Config.Image*) field Image ;;
  inspect*) cat "$of/arguments" ;;
  logs*) tail -n 50 "$of/log" ;;
  start*)
    alive "$of" && exit
    mapfile -t arguments <"$of/arguments"
    setsid $ETCD "\${arguments[@]}" >>"$of/log" 2>&1 </dev/null 3>&- 8>&- 9>&- & echo $! >"$of/pid" ;;
  stop*) ! alive "$of" || kill -TERM "$(cat "$of/pid")"; while alive "$of"; do sleep 0.02; done ;;
  kill*) alive "$of" && kill -KILL "$(cat "$of/pid")" ;;
  rm*) ! alive "$of" || kill -KILL "$(cat "$of/pid")"; rm -rf "$of" ;;
esac
exit 0
`;

/** Docker's API makes such a folder; all else is asked of etcd. */
export const curl = `#!/bin/bash
case "$*" in
  *docker.sock*)
    name=$(grep -o 'name=[^ ]*' <<<"$*" | cut -d= -f2)
    mkdir -p "$RKE_DR_STATE/containers/$name"
    cat >"$RKE_DR_STATE/containers/$name/body"
    grep -o '"--[^"]*"' "$RKE_DR_STATE/containers/$name/body" | tr -d '"' >"$RKE_DR_STATE/containers/$name/arguments"
    printf '\\n201' ;;
  *) exec /usr/bin/curl "$@" ;;
esac
`;
