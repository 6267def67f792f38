# needs: lib/step lib/client
# For steps that change who is a member of etcd. They run on the member's own host; what they ask of the cluster they ask
# another voter, which has answered a linearizable read: a cluster without quorum changes no members.
# shellcheck shell=bash
# Set by the step: $certificate, a name in $ssl; $image, etcd's; $voters, client URLs of the other voters, in the order in which
# they are tried: where old members may still serve for themselves, those of the living cluster only.
# Set here: $via, the voter that is asked; $id, $status, $is_learner of the member that is looked up, $id empty where there is none.
ssl=/etc/kubernetes/ssl via="" id="" status="" is_learner="" member_list=""

# ctl ARGUMENT ...: etcdctl, asking $via; in a container of its own, because this host's etcd may be gone.
ctl() {
  docker run --rm --network=host --entrypoint=etcdctl -v /etc/kubernetes:/etc/kubernetes:z -e ETCDCTL_API=3 \
    -e "ETCDCTL_CACERT=$ssl/kube-ca.pem" -e "ETCDCTL_CERT=$ssl/$certificate.pem" -e "ETCDCTL_KEY=$ssl/$certificate-key.pem" \
    -e "ETCDCTL_ENDPOINTS=$via" "$image" --command-timeout=10s "$@" </dev/null
}
# The same in this host's etcd. Its environment names endpoints; etcdctl ends when a flag names others.
ask() { docker exec -e "ETCDCTL_ENDPOINTS=$via" etcd etcdctl --command-timeout=10s "$@" </dev/null; }

# find_quorum: sets $via to another voter that answers a linearizable read; fails where none does. While some etcd listens,
# an election is waited for (up to 10 s with RKE's timeouts); where nothing listens there is no cluster.
find_quorum() { until_true 30 quorum_or_silence && [[ -n $via ]]; }
quorum_or_silence() {
  local url listens=""
  for url in "${voters[@]}"; do
    if healthy "$url/health" "$certificate"; then
      via=$url
      return
    fi
    if timeout 1 bash -c "exec 3<>/dev/tcp/$(tr : / <<<"${url#https://}")" 2>/dev/null </dev/null; then
      listens=$url
    fi
  done
  [[ -z $listens ]]
}

# look_up PEER-URL: reads the member list and finds in it who has this peer URL.
look_up() {
  local line found_id found_status _name peers _clients learner
  member_list=$(ctl member list) || die "etcd: $via gives no member list"
  id="" status="" is_learner=""
  while IFS= read -r line; do
    IFS=, read -r found_id found_status _name peers _clients learner <<<"${line//, /,}"
    if [[ $peers == "$1" ]]; then
      id=$found_id status=$found_status is_learner=$learner
    fi
  done <<<"$member_list"
}

# own_status COLUMN: of `endpoint status`: 2 the member's ID, 6 whether it is a learner, 8 the raft index, 9 the one applied here.
own_status() {
  { docker exec etcd etcdctl --command-timeout=5s endpoint status 2>/dev/null </dev/null || true; } | column "$1"
}
column() { awk -F', ' -v column="$1" 'NR == 1 { print $column }'; }
# The raft index that the cluster is at, empty where that can't be told.
cluster_index() { { ask endpoint status 2>/dev/null || true; } | column 8; }

# serves: whether this host's etcd runs as the member that was looked up.
serves() { [[ -n $id && $(own_status 2) == "$id" ]]; }

# comes_up SECONDS: waits until it serves; fails at once where docker has to start it again and again.
comes_up() {
  local deadline=$(($(now_ms) + $1 * 1000)) state
  until serves; do
    state=$(docker inspect --format '{{.State.Status}}' etcd </dev/null) || return 1
    [[ $state == running || $state == created ]] || return 1
    (($(now_ms) < deadline)) || return 1
    sleep 0.1
  done
}

# catch_up SECONDS: waits until what the cluster had when this began is applied here; fails after as many seconds without
# any progress. Progress is the index applied, or the size of the data: a snapshot on its way counts.
catch_up() {
  local limit=$1 wanted applied="" progress="" last="" since
  since=$(now_ms)
  wanted=$(cluster_index)
  until [[ $wanted =~ ^[0-9]+$ && $applied =~ ^[0-9]+$ ]] && ((applied >= wanted)); do
    applied=$(own_status 9)
    [[ $wanted =~ ^[0-9]+$ ]] || wanted=$(cluster_index)
    progress="$applied $({ du -sb /var/lib/etcd/member 2>/dev/null || true; } | cut -f1)"
    if [[ $progress != "$last" ]]; then
      last=$progress since=$(now_ms)
    fi
    (($(now_ms) - since < limit * 1000)) || return 1
    sleep 0.1
  done
  did "caught up: raft index $applied applied, the cluster was at $wanted"
}

# voters_left: how many of the members on the list (but this one) answer a linearizable read. One that isn't on the list may
# still answer, for a cluster of its own.
voters_left() {
  local url left=0
  for url in "${voters[@]}"; do
    if [[ $member_list == *", $url, false"* ]] && healthy "$url/health" "$certificate"; then left=$((left + 1)); fi
  done
  printf '%s' "$left"
}

# remove_member: the one that was looked up.
remove_member() {
  local answer="" deadline
  deadline=$(($(now_ms) + 60000))
  until answer=$(ctl member remove "$id" 2>&1); do
    # voters that were just started must have been connected for some seconds first
    (($(now_ms) < deadline)) || die "etcd: member $id can't be removed: $(tail -n 1 <<<"$answer" | cut -c1-300)"
    sleep 0.5
  done
  did "old member $id removed"
}

# add_member NAME PEER-URL: adds it as a learner; sets $initial_cluster to the list that it must start with.
# etcd takes one learner at a time. Where that place is taken for good, a member is added as a voter at once: one that hasn't
# started counts for the majority, so enough others must be there.
add_member() {
  local how=(--learner) answer="" deadline listed
  deadline=$(($(now_ms) + 120000))
  until answer=$(ctl member add "$1" ${how[@]+"${how[@]}"} --peer-urls="$2" 2>&1); do
    if [[ $answer == *"too many learner"* && ${#how[@]} -gt 0 ]]; then
      listed=$(grep -c 'false$' <<<"$member_list") || true
      (($(voters_left) >= (listed + 1) / 2 + 1)) ||
        die "etcd: the one place for a learner is taken, and as a voter $1 would cost the majority: $(tail -n 1 <<<"$answer" | cut -c1-200)"
      how=()
      continue
    fi
    # a voter that was just promoted, or came back, must have been connected for some seconds first
    (($(now_ms) < deadline)) || die "etcd: $1 can't be added: $(tail -n 1 <<<"$answer" | cut -c1-300)"
    sleep 0.5
  done
  initial_cluster=$(sed -n 's/^ETCD_INITIAL_CLUSTER="\(.*\)"$/\1/p' <<<"$answer")
  [[ -n $initial_cluster ]] || die "etcd: member add told no initial cluster: ${answer:0:300}"
  if ((${#how[@]} > 0)); then
    did "$1 added as a learner"
  else
    did "$1 added as a voter at once: the one place for a learner is taken, and the other voters are a majority without it"
  fi
}

# promote: makes a voter of the learner that was looked up, as soon as etcd finds it in sync.
promote() {
  local answer="" deadline
  deadline=$(($(now_ms) + 120000))
  until answer=$(ask member promote "$id" 2>&1); do
    (($(now_ms) < deadline)) || die "etcd: the learner can't be promoted: $(tail -n 1 <<<"$answer" | cut -c1-300)"
    sleep 0.5
  done
  did "promoted: it is a voter"
}
