#!/bin/bash
# The host of a cluster that kubeadm makes, or whose etcd is a unit: systemd is its first process, in a control group namespace of its own, so that systemd,
# containerd and the kubelet each find a root of every hierarchy that is the host's alone. init.sh reads this file and says what its
# functions do.
set -euo pipefail

# The kubelet sets these for the whole machine. It finds them set and writes nothing: a file of the host's own lies over each.
KUBELET_SETTINGS="kernel/panic=10 kernel/panic_on_oops=1 vm/overcommit_memory=1 vm/panic_on_oom=0
  kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000"

# containerd's overlays can't lie on an overlay, and the kubelet looks for the disk below its folder.
mount_runtime() {
  local root=$1 hierarchy name
  if [ -z "$root" ]; then
    echo "the machine's root can't be an overlay's lower layer, which a host with systemd needs" >&2
    exit 1
  fi
  mkdir -p "$DISK/containerd" "$PARTS/kubelet" "$root/var/lib/containerd" "$root/var/lib/kubelet"
  mount --bind "$DISK/containerd" "$root/var/lib/containerd"
  mount --bind "$PARTS/kubelet" "$root/var/lib/kubelet"
  # systemd leaves devices alone if /sys can't be written to
  mount -t sysfs -o ro sysfs "$root/sys"
  mount -t tmpfs -o mode=755 tmpfs "$root/sys/fs/cgroup"
  for hierarchy in /sys/fs/cgroup/*; do
    name=${hierarchy##*/}
    if [ -L "$hierarchy" ]; then
      cp -a "$hierarchy" "$root/sys/fs/cgroup/"
      continue
    fi
    [ -e "$hierarchy/cgroup.procs" ] || continue
    mkdir "$root/sys/fs/cgroup/$name"
    case $name in
      systemd) mount -t cgroup -o none,name=systemd cgroup "$root/sys/fs/cgroup/$name" ;;
      unified) mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup/$name" ;;
      *) mount -t cgroup -o "$name" cgroup "$root/sys/fs/cgroup/$name" ;;
    esac
  done
  # else systemd would mount the hierarchies that the machine doesn't use, and all hosts would share their groups
  mount -o remount,ro "$root/sys/fs/cgroup"
}

mount_more_devices() {
  local dev=$1
  touch "$dev/kmsg" "$dev/console"
  mount --bind /dev/kmsg "$dev/kmsg"
  mount --bind /dev/null "$dev/console"
}

# The machine's units, mounts and journals are not the host's; what asks for hardware or a kernel of its own is masked.
first_boot() {
  local unit
  rm -rf /etc/systemd/system/*.wants /etc/systemd/system/*.requires /etc/kubernetes /var/log/journal /var/log/pods /var/log/containers
  mkdir -p /etc/cni/net.d
  find /etc/cni/net.d -type f ! -name 10-lab.conflist -delete
  mkdir -p /etc/kubernetes/manifests /var/log/journal /etc/systemd/system/multi-user.target.wants
  # the machine's own etcd; an installer's stands in the same place
  [ -e /etc/systemd/system/etcd.service ] || ln -s /dev/null /etc/systemd/system/etcd.service
  for unit in docker.service docker.socket ssh.socket systemd-udevd.service systemd-udev-trigger.service \
    systemd-udevd-kernel.socket systemd-udevd-control.socket systemd-networkd.service systemd-timesyncd.service \
    systemd-logind.service systemd-resolved.service getty.target console-getty.service systemd-modules-load.service \
    systemd-sysctl.service systemd-remount-fs.service systemd-update-utmp.service systemd-binfmt.service modprobe@.service \
    proc-sys-fs-binfmt_misc.automount dev-hugepages.mount dev-mqueue.mount sys-kernel-debug.mount sys-kernel-tracing.mount \
    sys-fs-fuse-connections.mount sys-kernel-config.mount apt-daily.timer apt-daily-upgrade.timer man-db.timer \
    e2scrub_all.timer dpkg-db-backup.timer fstrim.timer; do
    ln -sf /dev/null "/etc/systemd/system/$unit"
  done
  ln -sf /lib/systemd/system/multi-user.target /etc/systemd/system/default.target
  ln -sf /lib/systemd/system/ssh.service /etc/systemd/system/multi-user.target.wants/
  if [ -e /etc/systemd/system/kubelet.service ]; then
    ln -sf /lib/systemd/system/containerd.service /etc/systemd/system/kubelet.service /etc/systemd/system/multi-user.target.wants/
  fi
}

run() {
  local setting file
  mkdir -p /run/lab
  # No setting of the machine may change but those of the network, which are the host's own.
  mount --bind /proc/sys /proc/sys
  mount --bind /proc/sys/net /proc/sys/net
  mount -o remount,bind,ro /proc/sys
  for setting in $KUBELET_SETTINGS; do
    file=/run/lab/${setting%=*}
    mkdir -p "${file%/*}"
    echo "${setting#*=}" >"$file"
    mount --bind "$file" "/proc/sys/${setting%=*}"
  done
  echo 1 >/proc/sys/net/ipv4/ip_forward
  # `container` lets systemd do without a kernel, modules and a clock of its own; to the kernel's own log it writes nothing.
  exec env -i container=rke-lab PATH="$PATH" HOME="$HOME" CGROUP_PARENT="$CGROUP_PARENT" \
    /lib/systemd/systemd --system --log-target=journal --show-status=false </dev/null >>/dev/null 2>&1
}
