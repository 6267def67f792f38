#!/bin/bash
# The host of a cluster that RKE makes: bash is its first process, which starts sshd and dockerd and then reaps what is orphaned. init.sh
# reads this file and says what its functions do.
set -euo pipefail

# Docker's overlays can't lie on an overlay, so its folder is the real disk.
mount_runtime() {
  local root=$1
  mkdir -p "$DISK/docker" "$root/var/lib/docker"
  mount --bind "$DISK/docker" "$root/var/lib/docker"
  [ -n "$root" ] || return 0
  mount -t sysfs sysfs "$root/sys"
  mount --rbind /sys/fs/cgroup "$root/sys/fs/cgroup"
}

mount_more_devices() { :; }

first_boot() {
  mkdir -m 700 /var/lib/etcd
  mkdir -p /var/lib/kubelet /var/lib/rancher /etc/kubernetes /opt
}

run() {
  mkdir -p /run/sshd /run/docker /run/lock
  /usr/sbin/sshd -f /etc/ssh/sshd_config -E /var/log/rke-lab/sshd.log
  # Debian's init script for docker reads this as shell, before docker starts any container.
  # shellcheck source=/dev/null
  [ ! -r /etc/default/docker ] || . /etc/default/docker || true
  dockerd --data-root /var/lib/docker --exec-root /run/docker --pidfile /run/docker.pid -H unix:///run/docker.sock \
    --bridge=none --iptables=false --ip6tables=false --ip-forward=false --storage-driver=overlay2 \
    --exec-opt native.cgroupdriver=cgroupfs --cgroup-parent="$CGROUP_PARENT" >>/var/log/rke-lab/dockerd.log 2>&1 &

  while true; do
    sleep infinity &
    wait $! || true
  done
}
