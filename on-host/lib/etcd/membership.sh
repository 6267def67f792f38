# needs: lib/step runtime installer lib/client
# Changes etcd's members. A step does so on the member's own host, and asks another voter to do it, one that has answered a linearizable
# read: a cluster without quorum changes no members.
# shellcheck shell=bash
# the certificate and image for etcdctl, and the client URLs of the other voters: ask_members sets them
certificate="" image="" voters=()
# the URL of the voter that is asked: find_quorum sets it
via=""
# all members, and the one that look_up looked for
member_list="" id="" member_status="" is_learner=""

# ask_members CERTIFICATE IMAGE URL ...: from now on, all functions here ask as CERTIFICATE (a name that tls_of takes) with IMAGE's etcdctl.
# The URLs are client URLs of the other voters, tried in this order. If old members may still serve a cluster of their own, only members
# of the living cluster may be among them.
ask_members() {
  certificate=$1 image=$2 voters=("${@:3}")
}

# ctl ARGUMENT ...: etcdctl, which asks $via; run alone, because this host's etcd may be gone. An etcdctl before 3.4 needs ETCDCTL_API, and one from 3.6
# on warns of it at each call.
ctl() {
  local tls_ca tls_cert tls_key
  tls_of "$certificate"
  {
    run_alone "$image" etcdctl --host-network --write /etc/kubernetes:/etc/kubernetes --env ETCDCTL_API=3 \
      --env "ETCDCTL_CACERT=$tls_ca" --env "ETCDCTL_CERT=$tls_cert" --env "ETCDCTL_KEY=$tls_key" \
      --env "ETCDCTL_ENDPOINTS=$via" -- --command-timeout=10s "$@" 2>&1 >&5 5>&- | sed '/"ETCDCTL_API=3"/d' >&2
  } 5>&1
}
# ask ARGUMENT ...: the same in this host's etcd, which is quicker.
ask() { process_etcdctl etcd "$via" --command-timeout=10s "$@"; }

# find_quorum: sets $via to another voter that answers a linearizable read; returns 1 if none does. It waits for that as long as one of them
# listens, since an election takes up to 10 s with RKE's timeouts. If none listens there is no cluster to wait for.
find_quorum() { until_true 30 quorum_or_silence && [[ -n $via ]]; }
quorum_or_silence() {
  local url listens=""
  for url in "${voters[@]}"; do
    if votes "$url"; then
      via=$url
      return
    fi
    if timeout 1 bash -c "exec 3<>/dev/tcp/$(tr : / <<<"${url#https://}")" 2>/dev/null </dev/null; then
      listens=$url
    fi
  done
  [[ -z $listens ]]
}

# votes URL: true if the etcd there is healthy and no learner, as one is that is to become a voter: a learner's /health is good, too (etcd 3.4),
# but it refuses to list or to change members.
votes() {
  healthy "$1/health" "$certificate" &&
    [[ $(answer_of "$1/v3/maintenance/status" "$certificate" 2 -d '{}') != *'"isLearner":true'* ]]
}

# look_up PEER-URL: sets $member_list, and $id, $member_status (started or unstarted) and $is_learner of the member with this peer URL; $id is
# empty if there is none.
look_up() {
  local line found_id found_status _name peers _clients learner
  member_list=$(ctl member list) || die "etcd: $via gives no member list"
  id="" member_status="" is_learner=""
  while IFS= read -r line; do
    IFS=, read -r found_id found_status _name peers _clients learner <<<"${line//, /,}"
    if [[ $peers == "$1" ]]; then
      # shellcheck disable=SC2034 # not every step reads all of them
      id=$found_id member_status=$found_status is_learner=$learner
    fi
  done <<<"$member_list"
}

# own_status COLUMN: prints a column of this etcd's `endpoint status`, empty if it doesn't answer: 2 the member's ID, 5 true if it leads, 6 true if it is a learner,
# 8 the raft index, 9 the index that is applied here: the columns of etcdctl until 3.5. That of 3.6 has four more from the fourth on, the storage
# version first, a release without a unit (etcdctl/ctlv3/command/printer.go makeEndpointStatusTable).
own_status() {
  { process_etcdctl etcd "" --command-timeout=5s endpoint status 2>/dev/null || true; } | column "$1"
}
column() { awk -F', ' -v column="$1" 'NR == 1 { print $(column + (column > 3 && $4 ~ /^[0-9.]*$/ ? 4 : 0)) }'; }
# cluster_index: prints the raft index that the cluster is at, empty if $via doesn't answer.
cluster_index() { { ask endpoint status 2>/dev/null || true; } | column 8; }

# serves: true if this host's etcd answers and is the member that was looked up.
serves() { [[ -n $id && $(own_status 2) == "$id" ]]; }

# comes_up SECONDS: waits until it serves; returns 1 after SECONDS, and at once if its container has ended, or docker restarts it over and over.
comes_up() {
  local deadline=$(($(up_ms) + $1 * 1000)) history
  until serves; do
    history=$(process_history etcd) || return 1
    [[ $history == running\ * || $history == created\ * ]] || return 1
    (($(up_ms) < deadline)) || return 1
    sleep 0.1
  done
}

# catch_up SECONDS: waits until this etcd has applied everything that the cluster had when the waiting began; returns 1 after SECONDS without
# progress. Progress is a higher applied index, or data that has grown: then a snapshot is being received.
catch_up() {
  local limit=$1 wanted applied="" progress="" last="" since
  since=$(up_ms)
  wanted=$(cluster_index)
  until [[ $wanted =~ ^[0-9]+$ && $applied =~ ^[0-9]+$ ]] && ((applied >= wanted)); do
    applied=$(own_status 9)
    [[ $wanted =~ ^[0-9]+$ ]] || wanted=$(cluster_index)
    progress="$applied $({ du -sb /var/lib/etcd/member 2>/dev/null || true; } | cut -f1)"
    if [[ $progress != "$last" ]]; then
      last=$progress since=$(up_ms)
    fi
    (($(up_ms) - since < limit * 1000)) || return 1
    sleep 0.1
  done
  did "caught up: raft index $applied applied, the cluster was at $wanted"
}

# voters_left: prints how many of the other voters answer a linearizable read. A voter that isn't on the member list doesn't count: it may still
# answer, but for a cluster of its own.
voters_left() {
  local url left=0
  for url in "${voters[@]}"; do
    if [[ $member_list == *", $url, false"* ]] && healthy "$url/health" "$certificate"; then left=$((left + 1)); fi
  done
  printf '%s' "$left"
}

# majority_without VOTERS: true if so many of the others answer that they are a majority when they are the only voters.
majority_without() { (($(voters_left) >= $1 / 2 + 1)); }

# remove_member: removes the member that was looked up.
remove_member() {
  local answer="" deadline
  deadline=$(($(up_ms) + 60000))
  until answer=$(ctl member remove "$id" 2>&1); do
    # etcd refuses until voters that were just started have been connected for some seconds
    (($(up_ms) < deadline)) || die "etcd: member $id can't be removed: $(tail -n 1 <<<"$answer" | cut -c1-300)"
    sleep 0.5
  done
  did "old member $id removed"
}

# add_member NAME PEER-URL: adds a learner. Sets $initial_cluster to the list of members that it must be started with.
# etcd allows one learner at a time. If another one has that place for good, the member is added as a voter at once. A voter counts for the
# majority before it has even started, so enough others must be there.
add_member() {
  local how=(--learner) answer="" deadline listed
  deadline=$(($(up_ms) + 120000))
  until answer=$(ctl member add "$1" ${how[@]+"${how[@]}"} --peer-urls="$2" 2>&1); do
    if [[ $answer == *"too many learner"* && ${#how[@]} -gt 0 ]]; then
      listed=$(grep -c 'false$' <<<"$member_list") || true
      majority_without "$((listed + 1))" ||
        die "etcd: the one place for a learner is taken, and as a voter $1 would cost the majority: $(tail -n 1 <<<"$answer" | cut -c1-200)"
      how=()
      continue
    fi
    # etcd refuses until a voter that was just promoted, or that came back, has been connected for some seconds
    (($(up_ms) < deadline)) || die "etcd: $1 can't be added: $(tail -n 1 <<<"$answer" | cut -c1-300)"
    sleep 0.5
  done
  initial_cluster=$(sed -n 's/^ETCD_INITIAL_CLUSTER="\(.*\)"$/\1/p' <<<"$answer")
  [[ -n $initial_cluster ]] || die "etcd: member add printed no initial cluster: ${answer:0:300}"
  if ((${#how[@]} > 0)); then
    did "$1 added as a learner"
  else
    did "$1 added as a voter at once: the one place for a learner is taken, and the other voters are a majority without it"
  fi
}

# promote: makes the learner that was looked up a voter, as soon as etcd finds it in sync.
promote() {
  local answer="" deadline
  deadline=$(($(up_ms) + 120000))
  until answer=$(ask member promote "$id" 2>&1); do
    (($(up_ms) < deadline)) || die "etcd: the learner can't be promoted: $(tail -n 1 <<<"$answer" | cut -c1-300)"
    sleep 0.5
  done
  did "promoted: it is a voter"
}
