# needs: lib/client
# Asks this host's own etcd for a write that leaves no key, where nobody but the cluster's owner knows what its keys mean. URL is etcd's for clients.
# shellcheck shell=bash

# etcd_writes URL: true if etcd grants a lease and revokes it: both are entries of its log, which a majority must have, as with any write.
etcd_writes() {
  local answer
  answer=$(answer_of "$1/v3/lease/grant" "$own_client" 5 -d '{"TTL":60}') && [[ $answer =~ \"ID\":\ ?\"?([0-9]+) ]] || return 1
  answer_of "$1/v3/lease/revoke" "$own_client" 5 -d "{\"ID\":\"${BASH_REMATCH[1]}\"}" >/dev/null
}
# etcd_reads URL: true if etcd answers a linearizable read, which a majority must confirm. AA== is the least key there is, a zero byte.
etcd_reads() { answer_of "$1/v3/kv/range" "$own_client" 5 -d '{"key":"AA==","count_only":true}' >/dev/null; }
