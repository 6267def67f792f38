# needs: lib/cluster-secrets runtime installer
# ready-host: prints how ready this host is for a failover; changes nothing. A deploy host's ready.sh sends it by SSH, as
#   bash -s -- NAME OTHERS   <ready-host.sh
# OTHERS: the client URLs of the other members of etcd, separated by commas; "-" for a host without etcd.
# Prints samples of Prometheus' text format, and for ready.sh lines "sum FILE SHA256" and, last, "clock MILLISECONDS".
# shellcheck shell=bash
set -uo pipefail
export LC_ALL=C
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
name=${1:?name} others=${2:?others}
state=${RKE_DR_STATE:-/var/lib/rke-dr} deploy=${RKE_DR_DEPLOY:-/etc/rke-dr}
now_ms() { date +%s%3N; }
seconds() { printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)); }
# sample METRIC VALUE [LABEL VALUE]: prints a sample of this host.
sample() { printf 'rke_dr_%s{host="%s"%s} %s\n' "$1" "$name" "${3:+,$3=\"$4\"}" "$2"; }

# number KEY JSON: prints the number behind the key; nothing if there is none.
number() { [[ $2 =~ \"$1\":([0-9]+) ]] && printf '%s' "${BASH_REMATCH[1]}"; }
# leader_index STATUS: prints how far the leader's log goes, of the members that STATUS has; returns 1 if the leader isn't among them.
leader_index() {
  local entry member
  while IFS= read -r entry || [[ -n $entry ]]; do
    member=$(number member_id "$entry") || continue
    if [[ $member == "$(number leader "$entry")" ]]; then
      number raftIndex "$entry"
      return
    fi
  done < <(printf '%s' "$1" | sed 's/{"Endpoint"/\n&/g')
  return 1
}
status_of() { time_limit=10 process_etcdctl etcd "$1" --command-timeout=4s endpoint status -w json 2>/dev/null; }

# member_samples: the other members are asked first. If this member has then applied all that the leader's log had, it has every write
# that was acknowledged before they were asked.
member_samples() {
  local asked status own index applied
  process_runs etcd || {
    sample member_runs 0
    return
  }
  asked=$(now_ms)
  status=$(status_of "$others")
  own=$(status_of "")
  [[ $own == *'"Status"'* ]] || {
    sample member_runs 0
    return
  }
  sample member_runs 1
  # before etcd 3.4 only the log's end is told
  applied=$(number raftAppliedIndex "$own") || applied=$(number raftIndex "$own")
  index=$(leader_index "$status$own") || return
  sample member_lag_entries $((index > applied ? index - applied : 0))
  ((applied < index)) || sample member_caught_up_timestamp_seconds "$(seconds "$asked")"
}

from_hex() { printf '%b' "$(printf '%s' "$1" | sed 's/../\\x&/g')"; }
# certificate_end FILE: prints when the first certificate in it ends, Unix seconds. Not every host has openssl: the validity is found in the DER by
# its shape, a sequence of two times (RFC 5280, 4.1.2.5).
certificate_end() {
  local der utc='170d((3[0-9]){12}5a)' general='180f((3[0-9]){14}5a)' end
  der=$(sed -n '/-BEGIN CERT/,/-END CERT/{/-END CERT/q;/-BEGIN/!p}' "$1" | base64 -d 2>/dev/null | od -An -v -tx1 | tr -d ' \n')
  if [[ $der =~ 301e${utc}${utc} ]]; then
    end=$(from_hex "${BASH_REMATCH[3]}")
    ((10#${end:0:2} < 50)) && end=20$end || end=19$end
  elif [[ $der =~ 3020${utc}${general} || $der =~ 3022${general}${general} ]]; then
    end=$(from_hex "${BASH_REMATCH[3]}")
  else
    return 1
  fi
  date -u -d "${end:0:4}-${end:4:2}-${end:6:2} ${end:8:2}:${end:10:2}:${end:12:2}" +%s
}
certificate_samples() {
  local file end
  while IFS= read -r file; do
    end=$(certificate_end "$file") && sample certificate_end_timestamp_seconds "$end" file "$file"
  done < <(installer_certificates)
}

disk_samples() {
  local free size folder
  while read -r free size folder; do
    sample disk_free_bytes "$free" folder "$folder"
    sample disk_size_bytes "$size" folder "$folder"
  done < <(df -B1 --output=avail,size,target /var/lib/etcd "$state" /etc 2>/dev/null | sed 1d | sort -u)
}

deploy_samples() {
  local present=0
  [[ -e $deploy/ssh/id_ed25519 ]] || return 0
  # without its secrets, as git has it, and without line feeds at its end
  [[ ! -s $deploy/cluster.yml ]] ||
    printf 'sum cluster.yml %s\n' "$(printf '%s' "$(without_cluster_secrets <"$deploy/cluster.yml")" | sha256sum | cut -d' ' -f1)"
  [[ ! -s $deploy/cluster.rkestate ]] ||
    printf 'sum cluster.rkestate %s\n' "$(sha256sum <"$deploy/cluster.rkestate" | cut -d' ' -f1)"
  if [[ -n $installer_program ]]; then
    command -v "$installer_program" >/dev/null && present=1
    sample installer_present "$present"
  fi
}

main() {
  sample epoch "$(cat "$state/epoch" 2>/dev/null || echo 0)"
  [[ $others == - ]] || member_samples
  certificate_samples
  disk_samples
  deploy_samples
  printf 'clock %s\n' "$(now_ms)"
}
main
