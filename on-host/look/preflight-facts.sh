# needs: runtime installer
# preflight-facts: the facts of a host that only guards read; changes nothing. facts.sh calls it.
# Certificates are public. No file that may hold a private key is read.
# shellcheck shell=bash

# preflight_facts: prints its sections. Reads $state.
preflight_facts() {
  local file free
  section images
  time_limit=10 image_list
  section pods
  time_limit=10 pod_list
  section node
  time_limit=10 node_facts
  kubelet_facts
  data_facts
  section disk
  # free bytes on the fullest of the disks that steps write to
  free=$(df -B1 --output=avail /var/lib "$runtime_folder" /etc 2>/dev/null | tail -n +2 | sort -n | head -n 1 | tr -d ' ')
  printf '%s\n' "$free"
  # below 2 GiB: what is large and may be emptied
  ((${free:-0} > 2147483648)) || large_logs
  section earlier
  earlier=$state/epoch-$(cat "$state/epoch" 2>/dev/null)
  cat "$earlier/plan" 2>/dev/null
  [[ -e $earlier/data || -e $earlier/forced ]] && echo begun=yes
  section failures
  cat "$state"/failures/* 2>/dev/null
  section certificates
  installer_certificates | while IFS= read -r file; do
    printf 'file=%s\n' "$file"
    sed -n '/-----BEGIN CERTIFICATE-----/,/-----END CERTIFICATE-----/p' "$file"
  done
}

# large_logs: prints "BYTES PATH" of the five largest log files of 1 MiB or more, the largest first.
large_logs() {
  timeout 5 find "$runtime_logs" /var/log -xdev -type f -size +1M -printf '%s %p\n' 2>/dev/null |
    sort -u | sort -rn | head -n 5
}

# kubelet_facts: prints the section kubelet if the kubelet is restarted over and over: its last fatal line.
kubelet_facts() {
  local status restarts
  read -r status restarts _ < <(process_history kubelet)
  [[ ${status:-} == restarting || ${restarts:-0} -ge 3 ]] || return 0
  section kubelet
  time_limit=10 process_log kubelet 300 | grep -E '^F[0-9]{4} ' | tail -n 1 | cut -c1-400
}

# data_facts: prints the section data if etcd doesn't run: whether its database can be read, which is tried. The program that tries has no network and
# can't write to the data.
data_facts() {
  local image answer snap=/var/lib/etcd/member/snap
  [[ -s $snap/db && $(process_history etcd) =~ ^(exited|restarting|created|dead)\  ]] || return 0
  image=$(process_image etcd 2>/dev/null) || return 0
  section data
  if answer=$(time_limit=20 run_alone "$image" etcdctl --env ETCDCTL_API=3 --look "$snap:/snap" -- snapshot status /snap/db -w json 2>&1); then
    printf 'sound %s\n' "$(grep -oE '"revision":[0-9]+' <<<"$answer" | cut -d: -f2)"
  elif (($? != 124)); then
    # after a time limit (124) nothing is known: another program holds the database's lock
    printf 'unreadable %s\n' "$(grep -v '^$' <<<"$answer" | head -n 1 | cut -c1-200)"
  fi
}
