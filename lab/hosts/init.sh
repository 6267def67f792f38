#!/bin/bash
# The first process of a lab host, in namespaces of its own. Makes the host's disk its root, waits for the lab to plug in the network,
# and becomes the host's own first process: bash with sshd and dockerd, or systemd.
#
# Environment: NAME; DISK (folder with upper/, work/, root/, log/, the runtime's data, perhaps disk.img); LAB_DIR (hidden from the host);
# CGROUP_PARENT; FIRST_PROCESS, a file of this folder with the functions
#   mount_runtime ROOT      mounts what the host's runtime needs: its data, /sys, control groups
#   mount_more_devices DEV
#   first_boot              once, on the host's own root
#   run                     doesn't return
# Standard input: one line once eth0 is there; its end without a line means that the lab has died.
set -euo pipefail
shopt -s nullglob

# not the topology's name, as on most servers: nothing may go by what a host calls itself
hostname "$NAME.rke-lab"
mount --make-rprivate /
# A copy of another lab's namespace mount would keep that namespace alive after its `down`.
umount -l -R /run/netns 2>/dev/null || true
mkdir -p "$DISK"/{upper,work,root,log,merged,disk}

# A file system of its own can be full. The first boot copies the factory's files onto it, or does without where it
# can't be mounted; later boots must have it, or the host would be as new.
PARTS=$DISK
if [ -f "$DISK/disk.img" ]; then
  if mount -o loop,noinit_itable "$DISK/disk.img" "$DISK/disk"; then
    PARTS=$DISK/disk
    if [ ! -e "$PARTS/made" ]; then
      mkdir -p "$PARTS/work"
      cp -a "$DISK/upper" "$DISK/root" "$PARTS"
      touch "$PARTS/made" "$DISK/disk.used"
    fi
  elif [ -e "$DISK/disk.used" ]; then
    exit 1
  else
    rm "$DISK/disk.img"
  fi
fi

# shellcheck source=/dev/null
. "$FIRST_PROCESS"

# A server's own whole disk: the machine's files below, the host's changes above.
whole_root() {
  mount -t overlay overlay -o "lowerdir=/,upperdir=$PARTS/upper,workdir=$PARTS/work,redirect_dir=on" "$DISK/merged" 2>/dev/null ||
    mount -t overlay overlay -o "lowerdir=/,upperdir=$PARTS/upper,workdir=$PARTS/work" "$DISK/merged" || return 1
  ROOT=$DISK/merged
}
# If the root can't be a lower layer: the folders that a server's software writes to.
each_folder() {
  local dir
  for dir in etc opt usr var; do
    mkdir -p "$PARTS/upper/$dir" "$PARTS/work/$dir"
    mount -t overlay overlay -o "lowerdir=/$dir,upperdir=$PARTS/upper/$dir,workdir=$PARTS/work/$dir" "/$dir"
  done
  ROOT=
}
if [ "${EACH_FOLDER:-}" = 1 ] || ! whole_root; then each_folder; fi

mount_devices() {
  local dev=$1 node
  for node in null zero full random urandom tty; do
    touch "$dev/$node"
    mount --bind "/dev/$node" "$dev/$node"
  done
  mkdir -p "$dev/pts" "$dev/shm"
  mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$dev/pts"
  mount -t tmpfs tmpfs "$dev/shm"
  ln -s pts/ptmx "$dev/ptmx"
  ln -s /proc/self/fd "$dev/fd"
  ln -s fd/0 "$dev/stdin"
  ln -s fd/1 "$dev/stdout"
  ln -s fd/2 "$dev/stderr"
  mount_more_devices "$dev"
}

mount_runtime "$ROOT"
if [ -n "$ROOT" ]; then
  mount -t proc proc "$ROOT/proc"
  mount -t tmpfs -o mode=755 tmpfs "$ROOT/dev"
  mount_devices "$ROOT/dev"
fi
exec >>"$DISK/log/init.log" 2>&1
mkdir -p "$ROOT/var/log/rke-lab"
mount --bind "$DISK/log" "$ROOT/var/log/rke-lab"
mount --bind "$PARTS/root" "$ROOT/root"
mount -t tmpfs -o mode=755 tmpfs "$ROOT/run"
mount -t tmpfs tmpfs "$ROOT/tmp"
# The other hosts' disks and the operator's keys are none of this host's business.
if [ -d "$ROOT$LAB_DIR" ]; then mount -t tmpfs -o ro,mode=700 tmpfs "$ROOT$LAB_DIR"; fi
if [ -n "$ROOT" ]; then
  cd "$ROOT"
  pivot_root . .
  umount -l .
fi
cd /

# The user who logs in in root's place: no password, as RKE wants it in docker's group, and root by sudo, which notes what it ran. The home is
# below /var: /home may be the machine's own.
make_user() {
  local user key
  read -r user key </etc/rke-lab-user
  mkdir -p /var/home
  groupadd -f docker
  useradd -m -d "/var/home/$user" -s /bin/bash -p '*' -G docker "$user"
  install -d -m 700 -o "$user" -g "$user" "/var/home/$user/.ssh"
  install -m 600 -o "$user" -g "$user" /dev/stdin "/var/home/$user/.ssh/authorized_keys" <<<"$key"
  printf '%s\n' "Defaults logfile=/var/log/sudo.log, loglinelen=0" "$user ALL=(ALL) NOPASSWD: ALL" >/etc/sudoers.d/rke-lab
  chmod 440 /etc/sudoers.d/rke-lab
}

# At the first boot: an own etcd folder that can be renamed (a folder that exists in the lower layer can't), and a root
# account that isn't locked.
if [ ! -e /etc/rke-lab-installed ]; then
  rm -rf /var/lib/etcd
  sed -i 's/^root:!*:/root:*:/' /etc/shadow
  if [ -s /etc/rke-lab-user ]; then make_user; fi
  first_boot
  touch /etc/rke-lab-installed
fi

# Containers ask for mounts that propagate.
mount --make-rshared /

read -r _ || exit 1

# Whatever the machine's shell had set is not the host's.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
unset DISK LAB_DIR FIRST_PROCESS
run
