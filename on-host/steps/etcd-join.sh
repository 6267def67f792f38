# needs: lib/process lib/files lib/etcd/data lib/etcd/membership lib/etcd/compare
# etcd-join: makes etcd on this host a member of the cluster that the other voters form: a learner, or a voter that was a learner first.
# If it is such a member already, nothing changes. Else its old container and old data are set aside (the cluster has gone on without this
# data, so it is never used again), the old member is removed, a new one is added, started without data, and waited for.
# A voter gets its final container while it is still a learner: the restart then costs no vote. kubeadm's has none: it keeps the arguments that it
# has joined with. A voter is promoted only if its data equals the cluster's, by a hash of all keys at one revision. If it doesn't, the member is set aside and joins anew, once.
# A healthy voter whose --initial-cluster names
# others than the final container's, because hosts have joined or left, is recreated on its data while the other voters are a majority.
# arguments: WANTED (learner or voter), MEMBER (its name), CERTIFICATE (a name that tls_of takes), OWN (its client URL as this host
#   reaches it), IMAGE, CLUSTER (the initial cluster with which a new member starts, itself included: NAME=PEER-URL,...), then client URLs
#   of the other voters
# stdin: two lines, bodies for process_create: the one to join with, then the final one; for a learner, and for kubeadm's voters, they are equal.
#   Then files for /etc/kubernetes/ssl, if the host is RKE's, each a line "@@ NAME" and its content. For a voter only missing files are
#   written, since the others are RKE's.
# A cluster without quorum is left as it is: a learner's step fails then, and a voter's in a failover, where `rke up` would start etcd on the
# old data that still lies here. Else a voter's succeeds, because before the first `rke up` there is no cluster. The functions below read the local variables of main.
main() {
  local wanted=$1 member=$2 own_certificate=$3 own_url=$4 etcd_image=$5 cluster_list=$6 joining final files peer why="" compared="" at="" newest=0
  begin "$@"
  ask_members "$own_certificate" "$etcd_image" "${@:7}"
  { read -r joining && read -r final; } <<<"$data"
  files=${data#*$'\n'}
  put_certificates "${files#*$'\n'}"
  if ! find_quorum; then
    [[ $wanted == voter && $act != failover:* ]] || die "etcd: none of the voters answers a linearizable read (${*:7}); nothing was changed"
    did "no other voter serves: there is no cluster to join, etcd here was left as it is"
    finish
    return
  fi
  peer=${cluster_list##*"$member="} && peer=${peer%%,*}
  look_up "$peer"
  process_status etcd
  case $wanted in
    learner) follow ;;
    voter) vote ;;
    *) die "WANTED is neither learner nor voter: $wanted" ;;
  esac
  fact member "$id"
  [[ -z $compared ]] || fact data "$compared"
  finish
}

# follow: makes this etcd a learner. One that was only stopped, or is behind, may go on with its data, because a learner has no vote.
follow() {
  if [[ $status != missing && $is_learner == true && $member_status == started ]]; then
    process_start etcd 2>/dev/null || true
    if comes_up 60; then
      as_final || recreate "$final"
      if comes_up 60 && catch_up 30; then
        if equals_cluster; then
          did "etcd is a learner and follows"
          return
        fi
        differs
      else
        say "etcd with the data that is here doesn't come up or doesn't catch up: $(last_words)"
      fi
    fi
  fi
  join
  equals_cluster || join_anew
}

# vote: makes this etcd a voter. A voter that was stopped never goes on with its old data: it may have missed its own removal, or have lost
# entries that it had acknowledged.
vote() {
  # an etcd that runs may not answer for a moment
  if [[ $status == running && $is_learner == false && $member_status == started ]] && until_true 30 is_voter; then
    names_members || renew_arguments
    did "etcd is a voter and healthy"
    return
  fi
  if [[ $status == running && $is_learner == true ]] && comes_up 30; then
    did "a learner already: an earlier run began this"
  else
    join
  fi
  become_final
  equals_cluster || join_anew
  if [[ $is_learner == true ]]; then
    promote
  fi
  until_true 60 is_voter || die "etcd: not healthy 60 s after it became a voter: $(last_words)"
  did "etcd is a voter with $made_by's own arguments, healthy"
  begin_dependents
}

# begin_dependents: what failed while this etcd was away or a learner may wait in the runtime's back-off: begun anew, it serves at once.
begin_dependents() {
  local name
  for name in ${etcd_dependents[@]+"${etcd_dependents[@]}"}; do
    process_status "$name"
    # on a host that has returned it is still set aside
    [[ $status == missing ]] || api_ready || process_restart 1 "$name"
  done
}

# become_final: gives etcd its final container, on the data that it has. One that keeps what it has joined with has the final one already.
become_final() {
  [[ $joining != "$final" ]] || return 0
  ! as_final || return 0
  # etcd ignores --initial-cluster once it has data, but RKE compares the argument
  recreate "$final"
  comes_up 60 || die "etcd: doesn't answer after its start with $made_by's arguments: $(last_words)"
  catch_up 60 || die "etcd: doesn't catch up: $(last_words)"
}

# equals_cluster: true if this etcd's data equals that of the voter that is asked. Ends the step if they can't be compared.
equals_cluster() {
  local other result=0
  find_quorum || die "etcd: none of the voters answers a linearizable read any more; run again"
  look_up "$peer"
  other=$(awk -F', ' -v url="$via" 'index("," $5 ",", "," url ",") { print $3 "=" $4; exit }' <<<"$member_list")
  same_data "$own_certificate" "$member=$peer" "$other" || result=$?
  ((result != 2)) || die "etcd: the data of $member can't be compared with the cluster's: $why; it wasn't promoted; run again"
  ((result == 1)) || did "its data equals the cluster's: $compared"
  return "$result"
}
# differs: says that this etcd's data isn't the cluster's.
differs() { did "etcd's data here differs from the cluster's, $compared: it is set aside, and the member joins anew"; }

# join_anew: joins once more, because the data differs, and ends the step without a vote if it differs again.
join_anew() {
  differs
  process_status etcd
  join
  [[ $wanted == learner ]] || become_final
  ! equals_cluster || return 0
  if [[ $is_learner == false ]]; then
    remove_member
    set_process_aside etcd "etcd-before-join-$(date -u +%Y%m%dT%H%M%SZ)"
  fi
  die "etcd: the data of $member differs again from the cluster's after it joined anew, $compared; it has no vote; see \"Data that differs\" in docs/failback.md"
}

# names_members: true if the running etcd's --initial-cluster names the members that the final one names, in any order. etcd ignores the argument
# once it has data, but RKE compares it, and would recreate all voters one after the other without waiting for their health. kubeadm compares nothing:
# each of its members names those that it has joined.
names_members() {
  local wanted
  [[ $joining != "$final" ]] || return 0
  [[ $final =~ --initial-cluster=([^\"]*)\" ]] || return 0
  wanted=${BASH_REMATCH[1]}
  [[ $(split "$(process_command etcd | sed -n 's/^--initial-cluster=//p')") == "$(split "$wanted")" ]]
}

# renew_arguments: recreates this voter on its data. Of two voters none can be spared: then writes stop for that moment.
renew_arguments() {
  local listed needed
  listed=$(grep -c 'false$' <<<"$member_list") || true
  needed=$((listed <= 2 ? listed - 1 : listed / 2 + 1))
  until_true 60 enough_left "$needed" ||
    die "etcd: only $(voters_left) of the $((listed - 1)) other voters answer, no majority while this one is recreated; start etcd there first, nothing was changed"
  recreate "$final"
  comes_up 60 || die "etcd: doesn't answer after its start with RKE's arguments: $(last_words)"
  until_true 60 is_voter || die "etcd: not healthy 60 s after it was recreated: $(last_words)"
}

# is_voter: true if this etcd is a healthy voter.
is_voter() { serves && [[ $(own_status 6) == false ]] && healthy "$own_url/health" "$own_certificate"; }

# as_final: true if the container's image and command are those of the final body.
as_final() { process_matches etcd "$final"; }

# last_words: prints the last line of etcd's log.
last_words() { process_log etcd 1 | cut -c1-300; }

# join: removes the member that is here, if any, and adds a new one without data.
join() {
  local stamp others body
  stamp=$(date -u +%Y%m%dT%H%M%SZ)
  if [[ $wanted == voter || $is_learner == false ]]; then
    others=$(grep -c 'false$' <<<"$member_list") || true
    until_true 20 enough_left "$((others / 2 + 1))" ||
      die "etcd: only $(voters_left) of $others voters would be left while $member is replaced, no majority; nothing was changed"
  fi
  image_fetch "$etcd_image" || die "image $etcd_image can't be had"
  if [[ $status != missing ]]; then
    set_process_aside etcd "etcd-before-join-$stamp"
  fi
  member_aside "etcd-data-$stamp"
  if [[ -n $id ]]; then
    remove_member
    look_up "$peer"
  fi
  add_member "$member" "$peer"
  body=$joining
  if [[ $(split "$initial_cluster") != "$(split "$cluster_list")" ]]; then
    body=$(spec_with_argument "$body" "--initial-cluster=$cluster_list" "--initial-cluster=$initial_cluster")
  fi
  start "$body"
  look_up "$peer"
  comes_up 60 || die "etcd: doesn't answer 60 s after its start: $(last_words)"
  catch_up 60 || die "etcd: doesn't catch up: $(last_words)"
}

# enough_left VOTERS: true if so many of the other voters answer.
enough_left() { (($(voters_left) >= $1)); }

# split INITIAL-CLUSTER: prints its members, sorted, one a line.
split() { tr , '\n' <<<"$1" | sort; }

# start BODY: creates the container etcd from BODY and starts it. What depends on it is begun anew with it (on-host/runtimes/static-pod/changes.sh says
# why at runtime_release).
start() {
  mkdir -p /var/lib/etcd
  runtime_hold
  process_create etcd "$1"
  process_start etcd
  runtime_release ${etcd_dependents[@]+"${etcd_dependents[@]}"}
}

# recreate BODY: the same in the place of the container that is there, on the same data.
recreate() {
  process_stop 10 etcd
  process_delete etcd
  start "$1"
  did "container etcd recreated with its final arguments, on the same data"
}

# put_certificates FILES: writes them to /etc/kubernetes/ssl: those that are missing, and a learner's own certificate if it differs.
put_certificates() {
  local name new
  [[ $1 == *"@@ "* ]] || return 0
  mkdir -p "$ssl"
  new=$(mktemp -d "$ssl/rke-dr.XXXXXX")
  write_files "$new" <<<"$1"
  for name in "$new"/*; do
    [[ -e $name ]] || continue
    name=${name##*/}
    if [[ ! -s $ssl/$name ]]; then
      mv "$new/$name" "$ssl/$name"
      did "$ssl/$name written"
    elif [[ $wanted == learner && $name == "$own_certificate"* ]] && ! cmp -s "$new/$name" "$ssl/$name"; then
      mv "$new/$name" "$ssl/$name"
      did "$ssl/$name renewed"
    fi
  done
  rm -rf "$new"
}
