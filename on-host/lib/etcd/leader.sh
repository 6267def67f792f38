# needs: lib/step runtime
# Moves etcd's leader.
# shellcheck shell=bash

# leader_moved PREFERRED ENDPOINTS: true if one of the members PREFERRED (names, separated by commas) leads, which it brings about if it can.
# ENDPOINTS are client URLs, separated by commas. Sets $leader to the leader's name. etcdctl's errors go to $state/leader.log.
leader_moved() {
  local preferred=$1 endpoints=$2 list fields to id url
  list=$(ask_voters "$endpoints" member list -w simple) && fields=$(ask_voters "$endpoints" endpoint status -w fields) || return 1
  leader=$(leader_in "$fields" "$(ask_voters "$endpoints" member list -w fields)") || return 1
  [[ ",$preferred," != *",$leader,"* ]] || return 0
  # only the leader itself can hand over
  url=$(awk -F', ' -v name="$leader" '$3 == name {print $5}' <<<"$list")
  for to in ${preferred//,/ }; do
    id=$(awk -F', ' -v name="$to" '$3 == name && $2 == "started" && $6 == "false" {print $1}' <<<"$list")
    if [[ -n $id ]] && ask_voters "$url" move-leader "$id" >/dev/null; then
      leader=$to
      return 0
    fi
  done
  return 1
}

# ask_voters ENDPOINTS ARGUMENT ...: etcdctl in this host's etcd.
ask_voters() { process_etcdctl etcd "$1" --command-timeout=10s "${@:2}" 2>"$state/leader.log"; }

# leader_in STATUS MEMBERS: prints the name of the member that STATUS calls the leader; both in etcdctl's form `fields`, with decimal IDs.
leader_in() {
  local id
  id=$(awk -F' : ' '$1 == "\"Leader\"" && $2 != 0 {print $2; exit}' <<<"$1")
  awk -F' : ' -v id="$id" '$1 == "\"ID\"" {own = $2} $1 == "\"Name\"" && own == id {gsub(/"/, "", $2); print $2; found = 1} END {exit !found}' <<<"$2"
}
