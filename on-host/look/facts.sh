# needs: look/preflight-facts look/source-facts lib/aside
# facts: what this host can tell, changing nothing. Sent after preflight-facts.sh, source-facts.sh and aside.sh, as
#   timeout SECONDS bash -s -- EPOCH LIMIT "HOST=ADDRESS:PORT ..." "USER@ADDRESS:PORT ..." [FILE [PEERS]]   <(cat ...)
# The third argument lists what to probe (ports of the lost side), for LIMIT seconds, the fourth whom a deploy host's key must
# reach, the fifth a snapshot that the operator named, the sixth the topology's peer URLs, by which a snapshot's cluster is known.
# Prints sections, each a line "@@ NAME" and its content; after "@@ end" only what of the lost side answers late.
set -uo pipefail
export LC_ALL=C
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
epoch=${1:?epoch} limit=${2:?limit} probes=${3:-} trust=${4:-} named=${5:-} peers=${6:-}
state=/var/lib/rke-dr
section() { printf '@@ %s\n' "$1"; }

# Since when etcd's log tells of this run: docker notes a start after the process began, so a quick panic stands before it;
# and where docker restarts it over and over, waiting up to a minute in between, the last run's end is the reason.
last_run() {
  local started restarts
  read -r started restarts < <(docker inspect --format '{{.State.StartedAt}} {{.RestartCount}}' etcd)
  date -u -d "$started - $((restarts > 0 ? 65 : 5)) seconds" +%Y-%m-%dT%H:%M:%SZ
}
etcd_facts() {
  local status="" leases="" running
  running=$(docker inspect --format '{{.State.Running}}' etcd 2>/dev/null) || return 0
  if [[ $running == true ]]; then
    exec 9< <(etcd_leases)
    status=$(etcd_status)
    leases=$(cat <&9)
    # the first read of damaged data is what etcd panics at; one that said nothing at all isn't asked again
    [[ -z $status || -n $leases ]] || status=$(etcd_status)
  fi
  if [[ -z $status ]]; then
    # why it doesn't answer, in its own words since its last start
    section etcdlog
    docker logs --since "$(last_run)" etcd 2>&1 </dev/null |
      grep -Ei 'panic|fatal|corrupt| C \| ' | tail -n 1 | cut -c1-300
    return 0
  fi
  section status
  printf '%s\n' "$status"
  # a member remembers a dead leader for an election timeout, a learner for ever: only a linearizable read shows quorum, which
  # etcd refuses to a learner (etcdserver/api/v3rpc/interceptor.go isRPCSupportedForLearner)
  if grep -Eq '"leader":[1-9]' <<<"$status" && [[ $status != *'"isLearner":true'* ]] &&
    timeout 10 docker exec etcd etcdctl --command-timeout=3s get rke-dr >/dev/null 2>&1 </dev/null; then
    section quorum
    echo yes
    section members
    timeout 10 docker exec etcd etcdctl --command-timeout=4s member list 2>/dev/null </dev/null
  fi
  section leases
  printf '%s\n' "$leases"
}
# of an etcd that doesn't answer etcdctl prints an empty list
etcd_status() { timeout 10 docker exec etcd etcdctl --command-timeout=4s endpoint status -w json 2>/dev/null </dev/null | grep -F '"Status"'; }
# serializable: a member without quorum answers too
etcd_leases() { timeout 10 docker exec etcd etcdctl --command-timeout=4s get /registry/leases/ --prefix --consistency=s -w json 2>/dev/null </dev/null; }
# When etcd last wrote to its log of entries, Unix milliseconds: a learner does so when it is told of a write, and at no other time.
etcd_written() { find /var/lib/etcd/member/wal -name '*.wal' -printf '%T@\n' 2>/dev/null | sort -n | tail -n 1 | sed -E 's/^([0-9]+)\.([0-9]{3}).*/\1\2/'; }
reach() {
  local host=${1%:*} port=${1##*:} answer
  if answer=$(timeout 8 ssh -n -i /etc/rke-dr/ssh/id_ed25519 -o BatchMode=yes -o ConnectTimeout=6 \
    -o UserKnownHostsFile=/etc/rke-dr/ssh/known_hosts -o StrictHostKeyChecking=yes -p "$port" "$host" true 2>&1); then
    printf '%s ok\n' "$1"
  else
    printf '%s %s\n' "$1" "$(tail -n 1 <<<"$answer" | cut -c1-200)"
  fi
}
# Whom this host's etcd refuses now, and what does so again at the next boot.
isolation_facts() {
  local address rules file
  if nft -v >/dev/null 2>&1 || iptables --version >/dev/null 2>&1; then echo firewall=yes; fi
  [[ -s $state/isolation/addresses ]] || return 0
  rules=$(nft list table ip rke_dr_isolation 2>/dev/null)
  # a chain that nothing jumps to refuses nobody
  if [[ -z $rules ]] && iptables -w 5 -C INPUT -j RKE-DR-ISOLATION 2>/dev/null; then
    rules=$(iptables -w 5 -S RKE-DR-ISOLATION 2>/dev/null)
  fi
  while IFS= read -r address; do
    # whole words: 10.0.0.1 is not 10.0.0.11
    grep -qwF "$address" <<<"$rules" && printf 'refused=%s\n' "$address"
  done <"$state/isolation/addresses"
  for file in /etc/systemd/system/docker.service.wants/rke-dr-isolation.service /etc/default/docker /etc/conf.d/docker; do
    grep -qs "$state/isolation/apply" "$file" && printf 'boot=%s\n' "$file"
  done
}
trust_facts() {
  section trust
  [[ -s /etc/rke-dr/ssh/id_ed25519 ]] || return 0
  for target in $trust; do reach "$target" & done
  wait
}
probe() {
  local host=${1%%=*} target=${1#*=}
  local heard
  if heard=$(timeout "$limit" bash -c "exec 3<>/dev/tcp/${target%:*}/${target##*:}" 2>&1); then
    printf '%s %s\n' "$host" "${target##*:}"
  elif [[ $heard == *refused* ]]; then
    # an answer, too: of a kernel that lives
    printf '%s %s refused\n' "$host" "${target##*:}"
  fi
}
answer_facts() {
  for target in $probes; do probe "$target" & done
  wait
}

# what waits for others starts first, all at once
exec 4< <(etcd_facts) 5< <(trust_facts) 6< <(answer_facts) 7< <(preflight_facts) 8< <(source_facts "$named" "$peers")

section host
printf 'arch=%s\n' "$(uname -m)"
# pathname of the disk that holds etcd's data and what is set aside, in bytes
printf 'freeBytes=%s\n' "$(df -B1 --output=avail /var/lib /var/lib/etcd 2>/dev/null | tail -n +2 | sort -n | head -n 1 | tr -d ' ')"
printf 'etcdBytes=%s\n' "$(du -sb /var/lib/etcd/member 2>/dev/null | cut -f1)"
printf 'etcdWritten=%s\n' "$(etcd_written)"
# docker's own commands take several times as long as its API
version=$(curl -sf --max-time 5 --unix-socket /var/run/docker.sock http://docker/version 2>/dev/null) && printf 'curl=yes\n'
[[ $version =~ ,\"Version\":\"([^\"]+)\",\"ApiVersion\" ]] && version=${BASH_REMATCH[1]} ||
  version=$(timeout 10 docker version --format '{{.Server.Version}}' 2>/dev/null)
printf 'root=%s\n' "$([[ $(id -u) == 0 ]] && echo yes)"
printf 'docker=%s\n' "$version"
printf 'ca=%s\n' "$([[ -s /etc/kubernetes/ssl/kube-ca.pem ]] && printf '%s' "$(cat /etc/kubernetes/ssl/kube-ca.pem)" | sha256sum | cut -d' ' -f1)"
printf 'flock=%s\nrke=%s\n' "$(command -v flock)" "$(command -v rke)"

section epoch
cat "$state/epoch" 2>/dev/null
section cluster
cat "$state/cluster" 2>/dev/null
section act
cat "$state/act" 2>/dev/null
section plan
cat "$state/epoch-$epoch/plan" 2>/dev/null
[[ -e $state/epoch-$epoch/forced || -e $state/epoch-$epoch/data ]] && echo begun=yes
section steps
cat "$state"/steps/* 2>/dev/null

section isolation
isolation_facts

section containers
# as they were when this epoch's act set them aside; they may have been purged since
cat "$state/epoch-$epoch"/*.container 2>/dev/null
# one call for all: what is missing is named on stderr only
container_names=$(docker ps -a --format '{{.Names}}' 2>/dev/null </dev/null)
# shellcheck disable=SC2046 # names, one a word
docker inspect --type container --format '{{json .}}' \
  etcd kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy rke-dr-guard rke-dr-snapshots \
  $(grep -E '^(etcd|kube-apiserver)-before-epoch-[0-9]+$' <<<"$container_names") 2>/dev/null

# a snapshot whose file isn't as long as its description says doesn't count; contents are read by the schedule and by a restore
section snapshots
grep -s '^every=' /etc/rke-dr/snapshots/config
[[ ! -s $state/snapshots/status ]] || printf 'status=%s\n' "$(sed 's/ *$//' "$state/snapshots/status")"
for file in "$state"/snapshots/etcd-*.json "$state"/snapshots/etcd-*.damaged; do
  [[ -e $file ]] || continue
  name=$(basename "${file%.*}")
  if [[ $file == *.json && $(cat "$file") == *"\"bytes\":$(stat -c %s "${file%.json}.db" 2>/dev/null),"* ]]; then
    printf 'snapshot=%s %s\n' "$name" "$(cat "$file")"
  else
    printf 'damaged=%s\n' "$name"
  fi
done

section aside
# bytes and path; containers take next to nothing
aside_files | sed -E 's/^[0-9]+ ([0-9]+) /\1\t/'
aside_containers | sed -E 's/^[^ ]+ /0\tcontainer /'

section deploy
if [[ -d /etc/rke-dr ]]; then
  for file in cluster.yml cluster.rkestate kube_config_cluster.yml certs/kube-ca.pem certs/kube-admin.pem certs/kube-admin-key.pem ssh/id_ed25519 ssh/known_hosts; do
    [[ -s /etc/rke-dr/$file ]] && printf 'file=%s\n' "$file"
  done
  for file in /etc/rke-dr/cluster.rkestate.before-epoch-*; do
    [[ -s $file ]] && printf 'file=%s\n' "${file##*/}"
  done
  printf 'server=%s\n' "$(sed -n -E 's/^ *server: *"?([^"]*)"?.*/\1/p' /etc/rke-dr/kube_config_cluster.yml 2>/dev/null)"
fi

section cluster.yml
cat /etc/rke-dr/cluster.yml 2>/dev/null
cat <&4
cat <&5
cat <&7
cat <&8
# whoever lives has answered by now; silence is waited for after all that a plan is made from
section answers
while read -r -t 0.01 -u 6 answer; do printf '%s\n' "$answer"; done
# last, so that the operator compares clocks with no more than one trip between
printf '@@ end\nnow=%s\n@@ late\n' "$(date +%s%3N)"
cat <&6
