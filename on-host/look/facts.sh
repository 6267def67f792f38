# needs: look/preflight-facts look/source-facts lib/aside lib/client lib/cluster-secrets lib/etcd/database lib/etcd/log lib/etcd/wal runtime installer
# facts: prints the facts of this host; changes nothing. It is sent together with all that it needs, and started as
#   timeout SECONDS bash -s -- EPOCH LIMIT PROBES TRUST [FILE [PEERS [LOGS [GLOBS [OTHERS]]]]]
# PROBES: ports of the lost side, "HOST=ADDRESS:PORT ...", each tried for LIMIT seconds;  TRUST: hosts that a deploy host's SSH key must
# reach, "USER@ADDRESS:PORT ...";  FILE: a snapshot that the operator named;  PEERS: the topology's peer URLs, separated by commas, by which a
# snapshot's cluster is recognized;  LOGS: not empty if the end of etcd's WAL is to be read;  GLOBS: where others write snapshots, patterns separated by |;
# OTHERS: not empty if only files that others write are looked for, and not the schedule's.
# Prints sections, each a line "@@ NAME" and its content. plan/facts/sections.ts lists their names, plan/facts/facts.ts reads them. Behind `@@ late` come only
# late answers of the lost side.
set -uo pipefail
export LC_ALL=C
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
epoch=${1:?epoch} limit=${2:?limit} probes=${3:-} trust=${4:-} named=${5:-} peers=${6:-} logs=${7:-} globs=${8:-} others=${9:-}
state=/var/lib/rke-dr
section() { printf '@@ %s\n' "$1"; }

# last_run: prints the time from which on etcd's log belongs to its last run. A panic right after the start is logged before the time that
# docker notes as the start, hence 5 s earlier. If docker restarts etcd over and over, with up to a minute in between, the reason is at the
# end of the run before, hence 65 s earlier.
last_run() {
  local started restarts
  read -r _ restarts started < <(process_history etcd)
  date -u -d "$started - $((restarts > 0 ? 65 : 5)) seconds" +%Y-%m-%dT%H:%M:%SZ
}
# etcd_facts: prints the sections about this host's etcd: resting if it has data and no container etcd, as in quarantine (its newest revision, and a line
# of base64 for each of its newest values; data_facts looks at the data of one that ended), etcdlog if it has one that doesn't answer, else the others.
etcd_facts() {
  local status="" leases="" runs=0 database=/var/lib/etcd/member/snap/db
  process_runs etcd || runs=$?
  if ((runs == 2)); then
    [[ -s $database ]] || return 0
    section resting
    revision_of "$database"
    newest_values "$database"
    return 0
  fi
  if ((runs == 0)); then
    exec 9< <(etcd_leases) 12< <(etcd_nodes)
    status=$(etcd_status)
    leases=$(cat <&9)
    # etcd panics when it reads damaged data for the first time: if it answered before and the read failed, it is asked again
    [[ -z $status || -n $leases ]] || status=$(etcd_status)
  fi
  if [[ -z $status ]]; then
    # what ended it since its last start, if anything did: probably the reason why it doesn't answer
    section etcdlog
    process_log etcd all "$(last_run)" | fatal_lines | tail -n 1 | cut -c1-300
    return 0
  fi
  section status
  printf '%s\n' "$status"
  # only a linearizable read shows quorum: a member still names a dead leader for an election timeout, a learner does so for ever. A learner
  # isn't asked, since it refuses such a read (etcdserver/api/v3rpc/interceptor.go isRPCSupportedForLearner).
  if grep -Eq '"leader":[1-9]' <<<"$status" && [[ $status != *'"isLearner":true'* ]] &&
    time_limit=10 process_etcdctl etcd "" --command-timeout=3s get rke-dr >/dev/null 2>&1; then
    section quorum
    echo yes
    section members
    time_limit=10 process_etcdctl etcd "" --command-timeout=4s member list 2>/dev/null
  fi
  section leases
  printf '%s\n' "$leases"
  section peers
  etcd_peers
  section nodes
  cat <&12
}
# etcd_status: prints etcd's status, or nothing if etcd doesn't answer: then etcdctl prints an empty list.
etcd_status() { time_limit=10 process_etcdctl etcd "" --command-timeout=4s endpoint status -w json 2>/dev/null | grep -F '"Status"'; }
# etcd_leases: prints the cluster's Leases, by a serializable read, which a member without quorum answers, too.
etcd_leases() { time_limit=10 process_etcdctl etcd "" --command-timeout=4s get /registry/leases/ --prefix --consistency=s -w json 2>/dev/null; }
# etcd_peers: prints the members that this host's etcd knows, as its peer port lists them, with or without quorum (etcdserver/api/etcdhttp/peer.go).
# Over HTTP/2 that port serves only gRPC.
etcd_peers() { curl_as "$own_client" --http1.1 --max-time 3 "$(own_peer)/members" </dev/null; }
# etcd_nodes: prints the names of the cluster's Nodes, a line each, by a serializable read, which a member without quorum answers, too.
etcd_nodes() {
  time_limit=10 process_etcdctl etcd "" --command-timeout=4s get /registry/minions/ --prefix --keys-only --consistency=s 2>/dev/null |
    sed -n 's#^/registry/minions/##p'
}
# etcd_written: prints when etcd last wrote to its WAL, Unix milliseconds. A learner writes there only when it receives an entry.
etcd_written() { find -L /var/lib/etcd/member/wal -name '*.wal' -printf '%T@\n' 2>/dev/null | sort -n | tail -n 1 | sed -E 's/^([0-9]+)\.([0-9]{3}).*/\1\2/'; }
# up_seconds: prints how long the first process has run: the time since the host's boot.
up_seconds() { awk -v hertz="$(getconf CLK_TCK)" 'FNR == NR { up = $1; next } { sub(/.*\) /, ""); printf "%d", up - $20 / hertz }' /proc/uptime /proc/1/stat 2>/dev/null; }
# last_rehearsal: prints when the last rehearsal on this host began and if it was verified, as "2026-11-30T02:00:00.000Z true", from its report.
last_rehearsal() {
  local files=("$state"/rehearsals/*.json) file
  file=${files[-1]}
  [[ ! -e $file ]] || printf '%s %s' "$(sed -n -E 's/^ *"startedAt": "([^"]*)".*/\1/p' "$file")" "$(sed -n -E 's/^ *"verified": (true|false).*/\1/p' "$file")"
}
# log_facts: prints the section wal if it was asked for: term and index of the last entry in etcd's WAL, from which members can be compared without a
# quorum; nothing if there is no WAL. The second attempt is for an etcd that was writing a record during the first.
log_facts() {
  local folder=/var/lib/etcd/member/wal
  [[ -n $logs ]] || return 0
  section wal
  [[ -d $folder ]] || return 0
  if read_wal "$folder" || read_wal "$folder"; then
    printf 'term=%s\nindex=%s\n' "$entry_term" "$last_entry"
  else
    printf 'unreadable=%s\n' "$why"
  fi
}
# reach USER@ADDRESS:PORT: prints it with "ok" if this deploy host's key opens it by SSH, else with ssh's last line.
reach() {
  local host=${1%:*} port=${1##*:} answer ended=0
  answer=$(timeout 8 ssh -n -i /etc/rke-dr/ssh/id_ed25519 -o BatchMode=yes -o ConnectTimeout=6 \
    -o UserKnownHostsFile=/etc/rke-dr/ssh/known_hosts -o StrictHostKeyChecking=yes -p "$port" "$host" true 2>&1) || ended=$?
  case $ended in
    0) printf '%s ok\n' "$1" ;;
    124) printf '%s no answer within 8 s\n' "$1" ;;
    *) printf '%s %s\n' "$1" "$(tail -n 1 <<<"${answer:-ssh ended with $ended}" | cut -c1-200)" ;;
  esac
}
# isolation_facts: prints if the host can refuse packets, which addresses it refuses at etcd's ports, and what applies the rules at boot.
isolation_facts() {
  local address rules file
  if nft -v >/dev/null 2>&1 || iptables --version >/dev/null 2>&1; then echo firewall=yes; fi
  [[ -s $state/isolation/addresses ]] || return 0
  rules=$(nft list table ip rke_dr_isolation 2>/dev/null)
  # iptables' chain counts only if INPUT jumps to it
  if [[ -z $rules ]] && iptables -w 5 -C INPUT -j RKE-DR-ISOLATION 2>/dev/null; then
    rules=$(iptables -w 5 -S RKE-DR-ISOLATION 2>/dev/null)
  fi
  while IFS= read -r address; do
    # as a whole word: 10.0.0.1 isn't refused by a rule for 10.0.0.11
    grep -qwF "$address" <<<"$rules" && printf 'refused=%s\n' "$address"
  done <"$state/isolation/addresses"
  for file in "/etc/systemd/system/$runtime_unit.wants/rke-dr-isolation.service" "${runtime_settings[@]}"; do
    grep -qs "$state/isolation/apply" "$file" && printf 'boot=%s\n' "$file"
  done
}
# host_facts: prints a line node=ADDRESS INTERNAL-ADDRESS NAME ROLES STATE for each host in RKE's state: STATE is "asked" for those that TRUST names, which
# the operator looks at, and "answers" or "silent", by their SSH port, for all others. If PROBES asks after a lost side, none is asked here: silent
# hosts would hold up the look of a failover by 2 s.
host_facts() {
  local address internal port _user name roles
  [[ -s /etc/rke-dr/cluster.rkestate ]] || return 0
  while read -r address internal port _user name roles; do
    if [[ -n $probes || " $trust " == *"@$address:"* ]]; then
      printf 'node=%s %s %s %s asked\n' "$address" "$internal" "$name" "$roles"
    else
      {
        heard=silent
        timeout 2 bash -c "exec 3<>/dev/tcp/$address/$port" 2>/dev/null </dev/null && heard=answers
        printf 'node=%s %s %s %s %s\n' "$address" "$internal" "$name" "$roles" "$heard"
      } &
    fi
  done < <(installer_hosts </etc/rke-dr/cluster.rkestate)
  wait
}
# trust_facts: prints the section trust: SSH from this deploy host to each host; empty if it has no key.
trust_facts() {
  section trust
  [[ -s /etc/rke-dr/ssh/id_ed25519 ]] || return 0
  for target in $trust; do reach "$target" & done
  wait
}
# probe HOST=ADDRESS:PORT: prints "HOST PORT" if it accepts a connection, "HOST PORT refused" if it refuses: that is a sign of life, too.
probe() {
  local host=${1%%=*} target=${1#*=}
  local heard
  if heard=$(timeout "$limit" bash -c "exec 3<>/dev/tcp/${target%:*}/${target##*:}" 2>&1); then
    printf '%s %s\n' "$host" "${target##*:}"
  elif [[ $heard == *refused* ]]; then
    printf '%s %s refused\n' "$host" "${target##*:}"
  fi
}
# answer_facts: probes all at once and prints the answers as they come.
answer_facts() {
  for target in $probes; do probe "$target" & done
  wait
}

# login_facts: prints SSH's user if sudo made it root, if this user may use the runtime, and if sudo records what it reads on stdin: that
# would be keys.
login_facts() {
  [[ -n ${SUDO_USER:-} && $SUDO_USER != root ]] || return 0
  printf 'user=%s\n' "$SUDO_USER"
  if runtime_open_to "$SUDO_USER"; then echo userRuntime=yes; fi
  # of options and of rules' tags the last one counts, and a tag overrules options
  sudo -n -l -U "$SUDO_USER" 2>/dev/null </dev/null | tr -s ' ,' '\n' | awk '
    /^!?log_(input|stdin)$/ { option[substr($0, length - 4)] = !/^!/ }
    /^(NO)?LOG_INPUT:$/ { tag = /^NO/ ? "no" : "yes" }
    END { if (tag == "yes" || tag == "" && (option["input"] || option["stdin"])) print "stdinRecorded=yes" }'
}

# everything that waits for others runs at the same time, from the start
exec 4< <(etcd_facts) 5< <(trust_facts) 6< <(answer_facts) 7< <(preflight_facts) 8< <(source_facts "$named" "$peers" "$globs" "$others") 3< <(log_facts) \
  10< <(host_facts) 11< <(installer_facts)

section host
printf 'arch=%s\n' "$(uname -m)"
# free bytes on the fuller of the disks that hold etcd's data and what acts have set aside
printf 'freeBytes=%s\n' "$(df -B1 --output=avail /var/lib /var/lib/etcd 2>/dev/null | tail -n +2 | sort -n | head -n 1 | tr -d ' ')"
printf 'etcdBytes=%s\n' "$(du -sb /var/lib/etcd/member 2>/dev/null | cut -f1)"
printf 'etcdWritten=%s\n' "$(etcd_written)"
printf 'root=%s\n' "$([[ $(id -u) == 0 ]] && echo yes)"
printf 'upSeconds=%s\n' "$(up_seconds)"
printf 'rehearsal=%s\n' "$(last_rehearsal)"
printf 'held=%s\n' "$(sed -n 's/^since=//p' "$state/guard/held" 2>/dev/null)"
runtime_facts
login_facts
printf 'ca=%s\n' "$([[ -s $(installer_ca) ]] && printf '%s' "$(cat "$(installer_ca)")" | sha256sum | cut -d' ' -f1)"
printf 'flock=%s\n' "$(command -v flock)"
cat <&11

section epoch
cat "$state/epoch" 2>/dev/null
section cluster
cat "$state/cluster" 2>/dev/null
section act
cat "$state/epoch-$(cat "$state/epoch" 2>/dev/null)/act" 2>/dev/null || cat "$state/act" 2>/dev/null
section plan
cat "$state/epoch-$epoch/plan" 2>/dev/null
[[ -e $state/epoch-$epoch/forced || -e $state/epoch-$epoch/data ]] && echo begun=yes
section steps
cat "$state"/steps/* 2>/dev/null

section isolation
isolation_facts

section processes
# processes as they were when this epoch's act set them aside; they may have been purged since
cat "$state/epoch-$epoch"/*."$kept_as" 2>/dev/null
# one call for all of them: missing ones are named on stderr, the others printed
all_names=$(process_names 2>/dev/null)
# shellcheck disable=SC2046 # names, one a word
process_describe \
  etcd kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy rke-dr-guard rke-dr-snapshots \
  $(grep -E '^(etcd|kube-apiserver)-before-epoch-[0-9]+$' <<<"$all_names") 2>/dev/null

# a snapshot counts if its file is as long as its description says. Its content isn't read here: the schedule and a restore do so.
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
# bytes and path; a container counts as 0 bytes
aside_files | sed -E 's/^[0-9]+ ([0-9]+) /\1\t/'
aside_processes | sed -E 's/^[^ ]+ /0\tcontainer /'

section deploy
if [[ -d /etc/rke-dr ]]; then
  for file in cluster.yml cluster-secrets cluster.rkestate kube_config_cluster.yml certs/kube-ca.pem certs/kube-admin.pem certs/kube-admin-key.pem ssh/id_ed25519 ssh/known_hosts; do
    [[ -s /etc/rke-dr/$file ]] && printf 'file=%s\n' "$file"
  done
  for file in /etc/rke-dr/cluster.rkestate.before-epoch-*; do
    [[ -s $file ]] && printf 'file=%s\n' "${file##*/}"
  done
  printf 'server=%s\n' "$(sed -n -E 's/^ *server: *"?([^"]*)"?.*/\1/p' /etc/rke-dr/kube_config_cluster.yml 2>/dev/null)"
  cat <&10
fi

section cluster.yml
[[ ! -r /etc/rke-dr/cluster.yml ]] || without_cluster_secrets </etc/rke-dr/cluster.yml
cat <&4
cat <&5
cat <&7
cat <&8
cat <&3
# answers that have come by now: a living host answers within milliseconds. The others are printed behind the end, so that the plan doesn't
# wait for silence.
section answers
while read -r -t 0.01 -u 6 answer; do printf '%s\n' "$answer"; done
# the time comes last: so only one trip of the network lies between this clock and the operator's
printf '@@ end\nnow=%s\n@@ late\n' "$(date +%s%3N)"
cat <&6
