# needs: lib/step
leader_moved() {
  local preferred=$1 endpoints=$2 list status to id url
  list=$(ask_voters "$endpoints" member list -w simple) && status=$(ask_voters "$endpoints" endpoint status -w fields) || return 1
  leader=$(named "$status" "$(ask_voters "$endpoints" member list -w fields)") || return 1
  [[ ",$preferred," != *",$leader,"* ]] || return 0
  url=$(awk -F', ' -v name="$leader" '$3 == name {print $5}' <<<"$list")
  for to in ${preferred//,/ }; do
    id=$(awk -F', ' -v name="$to" '$3 == name && $2 == "started" && $6 == "false" {print $1}' <<<"$list")
    if [[ -n $id ]] && docker exec -e "ETCDCTL_ENDPOINTS=$url" etcd etcdctl --command-timeout=10s move-leader "$id" >/dev/null 2>"$state/leader.log" </dev/null; then
      leader=$to
      return 0
    fi
  done
  return 1
}
# the container's environment names endpoints; etcdctl ends when a flag names others
ask_voters() { docker exec -e "ETCDCTL_ENDPOINTS=$1" etcd etcdctl --command-timeout=10s "${@:2}" 2>"$state/leader.log" </dev/null; }
# named STATUS MEMBERS: the name of the member that STATUS calls the leader; IDs are decimal in both.
named() {
  local id
  id=$(awk -F' : ' '$1 == "\"Leader\"" && $2 != 0 {print $2; exit}' <<<"$1")
  awk -F' : ' -v id="$id" '$1 == "\"ID\"" {own = $2} $1 == "\"Name\"" && own == id {gsub(/"/, "", $2); print $2; found = 1} END {exit !found}' <<<"$2"
}
