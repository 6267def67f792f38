#!/usr/bin/env bash
# In systemd's EnvironmentFile= a comment that ends in a backslash swallows the next line, and a remark behind quotes becomes the value
#
# Version:   systemd 252.39 (Debian libsystemd-shared 252.39-1~deb12u2): load_env_file(), which reads EnvironmentFile= for each start of a unit.
# Expected:  a comment ends with its line, as in a shell, where the same file has ETCD_NAME=m1; NAME="value" # remark is the value.
# Behaviour: a backslash at the end of a comment continues the comment. The variable on the next line isn't set, and nothing is reported:
#            etcd starts under the name "default". Text behind closing quotes belongs to the value, without the blank before it.
# Meets:     /etc/etcd.env, in which a long setting of several lines was commented out, or a remark added in the night of the recovery. A
#            test by `. /etc/etcd.env` in a shell shows nothing wrong.
# Seen:      systemd: ETCD_DATA_DIR=/var/lib/etcd# the new disk|ETCD_HEARTBEAT_INTERVAL=500
#            shell:   ETCD_DATA_DIR=/var/lib/etcd|ETCD_HEARTBEAT_INTERVAL=500|ETCD_NAME=m1
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
timeout 120 apt-get -q -o APT::Sandbox::User=root download libsystemd-shared=252.39-1~deb12u2 >/dev/null
dpkg-deb -x libsystemd-shared_*.deb .
dpkg-deb -f libsystemd-shared_*.deb Package Version | paste -sd' '

cat >etcd.env <<'ENV'
ETCD_HEARTBEAT_INTERVAL=500
# ETCD_INITIAL_CLUSTER=m1=https://10.0.0.1:2380,\
# m2=https://10.0.0.2:2380,\
ETCD_NAME=m1
ETCD_DATA_DIR="/var/lib/etcd" # the new disk
ENV
cat >read.py <<'PY'
import ctypes
import glob

library = ctypes.CDLL(glob.glob("usr/lib/*/systemd/libsystemd-shared-252.so")[0])
variables = ctypes.POINTER(ctypes.c_char_p)()
if library.load_env_file(None, b"etcd.env", ctypes.byref(variables)) < 0:
    raise SystemExit("refused")
read = []
while variables[len(read)] is not None:
    read.append(variables[len(read)].decode())
print("|".join(sorted(read)))
PY
systemd=$(timeout 30 python3 read.py)
# shellcheck disable=SC2016 # for the other shell
shell=$(env -i bash -c 'set -a; . ./etcd.env; env | grep ^ETCD_ | sort | paste -sd"|"')
echo "systemd: $systemd"
echo "shell:   $shell"
[[ $systemd == "ETCD_DATA_DIR=/var/lib/etcd# the new disk|ETCD_HEARTBEAT_INTERVAL=500" ]] || { echo "CHANGED: systemd"; exit 1; }
[[ $shell == "ETCD_DATA_DIR=/var/lib/etcd|ETCD_HEARTBEAT_INTERVAL=500|ETCD_NAME=m1" ]] || { echo "CHANGED: the shell"; exit 1; }
echo "SEEN: a comment that ends in a backslash takes the next variable with it"
