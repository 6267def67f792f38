# needs: lib/step runtime
# Keeps the lost side away from this host's etcd. A restored cluster isn't the cluster whose data still lies on the lost hosts, but their
# kube-apiservers list this host's etcd, too: when they return they would read and write now the one cluster, now the other.
# The rules and the script that applies them lie in a folder of their own, so that the host applies them at boot without this program.
# shellcheck shell=bash
isolation=$state/isolation
# with systemd, this unit applies the rules at boot, before the runtime starts etcd
isolation_unit=/etc/systemd/system/rke-dr-isolation.service
isolation_wanted=/etc/systemd/system/$runtime_unit.wants/rke-dr-isolation.service
isolation_mark="# rke-dr: refuse the lost side at etcd's ports before docker starts etcd"

# isolate ADDRESS ...: from now on this host refuses these addresses at etcd's client and peer ports, also after a reboot.
isolate() {
  mkdir -p "$isolation"
  printf '%s\n' "$@" >"$isolation/addresses.new"
  put_new "$isolation/addresses"
  apply_script >"$isolation/apply.new"
  put_new "$isolation/apply"
  bash "$isolation/apply" || die "isolation: $* can't be refused at ports 2379 and 2380: neither nft nor iptables took the rules"
  local applied_by=""
  isolate_at_boot
  did "$* are refused at ports 2379 and 2380, at the next boot too ($applied_by)"
}

# isolate_at_boot: sees to it that the rules are applied at boot. Sets $applied_by to what applies them, in words.
isolate_at_boot() {
  local defaults="" file
  if [[ -d /run/systemd/system ]]; then
    unit >"$isolation_unit.new"
    put_new "$isolation_unit"
    mkdir -p "${isolation_wanted%/*}"
    ln -sfn "$isolation_unit" "$isolation_wanted"
    systemctl daemon-reload </dev/null
    systemctl restart --no-block rke-dr-isolation.service </dev/null
    applied_by="unit ${isolation_unit##*/}"
    return
  fi
  # without systemd, the runtime's own init script runs its file of settings as shell
  for file in "${runtime_settings[@]}"; do
    [[ -n $defaults && ! -d ${file%/*} ]] || defaults=$file
  done
  if ! grep -qsF "$isolation_mark" "$defaults"; then
    mkdir -p "${defaults%/*}"
    { cat "$defaults" 2>/dev/null || true; printf '%s\n/bin/bash %s/apply || true %s\n' "$isolation_mark" "$isolation" "${isolation_mark%%:*}"; } >"$defaults.new"
    put_new "$defaults"
  fi
  applied_by="$defaults, which docker's init script reads"
}

# unisolate: removes the rules, and what applies them at boot.
unisolate() {
  local file
  if [[ -e $isolation_unit ]]; then
    if [[ -d /run/systemd/system ]]; then
      systemctl stop rke-dr-isolation.service </dev/null || true
    fi
    rm -f "$isolation_wanted" "$isolation_unit"
    [[ ! -d /run/systemd/system ]] || systemctl daemon-reload </dev/null
  fi
  for file in "${runtime_settings[@]}"; do
    if grep -qsF "$isolation_mark" "$file"; then
      grep -v '^# rke-dr: \| # rke-dr$' "$file" >"$file.new" || true
      put_new "$file"
    fi
  done
  if [[ -e $isolation/apply ]]; then
    bash "$isolation/apply" remove || die "isolation: its rules can't be taken back"
    rm -rf "$isolation"
    did "nobody is refused at ports 2379 and 2380 any more"
  else
    did "nobody was refused"
  fi
}

# apply_script: prints the script that applies the rules. It uses nft if the host has it, in one transaction and in a table of its own: no
# other firewall's rules can overrule or flush its verdict. Else it uses iptables, as INPUT's first rule: etcd listens on the host's network.
# Connections that exist already are no exception: they are cut, too.
apply_script() {
  cat <<'APPLY'
#!/bin/bash
# Written by rke-dr: refuses the lost side's hosts at etcd's ports until failback. apply [remove|keep|stands]
set -euo pipefail
export LC_ALL=C PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
cd "$(dirname "${BASH_SOURCE[0]}")"
chain=RKE-DR-ISOLATION
mapfile -t addresses <addresses

by_nft() {
  command -v nft >/dev/null || return 1
  local list
  printf -v list '%s, ' "${addresses[@]}"
  nft -f - <<RULES
add table ip rke_dr_isolation
delete table ip rke_dr_isolation
table ip rke_dr_isolation {
  chain input {
    type filter hook input priority -300; policy accept;
    ip saddr { ${list%, } } tcp dport { 2379, 2380 } counter reject with tcp reset
  }
}
RULES
}
by_iptables() {
  command -v iptables >/dev/null || return 1
  local address rule
  iptables -w 10 -N "$chain" 2>/dev/null || true
  for address in "${addresses[@]}"; do
    rule=(-s "$address" -p tcp -m multiport --dports 2379,2380 -j REJECT --reject-with tcp-reset)
    iptables -w 10 -C "$chain" "${rule[@]}" 2>/dev/null || iptables -w 10 -A "$chain" "${rule[@]}"
  done
  if [[ $(iptables -w 10 -S INPUT | sed -n 2p) != "-A INPUT -j $chain" ]]; then
    iptables -w 10 -I INPUT 1 -j "$chain"
  fi
}
remove() {
  if command -v nft >/dev/null; then
    nft -f - <<<'add table ip rke_dr_isolation; delete table ip rke_dr_isolation' 2>/dev/null || true
  fi
  if command -v iptables >/dev/null; then
    while iptables -w 10 -D INPUT -j "$chain" 2>/dev/null; do :; done
    iptables -w 10 -F "$chain" 2>/dev/null || true
    iptables -w 10 -X "$chain" 2>/dev/null || true
  fi
}
stands() {
  local rules address
  rules=$(nft list table ip rke_dr_isolation 2>/dev/null || { iptables -w 10 -C INPUT -j "$chain" && iptables -w 10 -S "$chain"; } 2>/dev/null) || return 1
  for address in "${addresses[@]}"; do
    grep -qwF "$address" <<<"$rules" || return 1
  done
}

case ${1:-} in
  remove) remove ;;
  stands) stands ;;
  # again and again: a firewall that starts or reloads removes rules that aren't its own
  keep) while true; do
    stands || by_nft || by_iptables || true
    sleep 5
  done ;;
  *) by_nft || by_iptables ;;
esac
APPLY
}

# unit: prints the systemd unit.
unit() {
  cat <<UNIT
# Written by rke-dr: refuses the lost side's hosts at etcd's ports until failback.
[Unit]
Description=rke-dr isolation: refuse the lost side at etcd's ports
After=local-fs.target firewalld.service iptables.service nftables.service ufw.service
Before=$runtime_unit

[Service]
ExecStartPre=/bin/bash $isolation/apply
ExecStart=/bin/bash $isolation/apply keep
Restart=always

[Install]
WantedBy=$runtime_unit
UNIT
}
