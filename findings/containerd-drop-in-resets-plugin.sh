#!/usr/bin/env bash
# An imported file that sets one key of containerd's CRI plugin takes every other key of that plugin back to its default
#
# Version:   containerd 1.6.20 (Debian containerd 1.6.20~ds1-1+deb12u3).
# Expected:  `imports` merges: a drop-in with a registry's config_path adds that key, and the main file's sandbox_image stays.
# Behaviour: plugins are merged as wholes: the drop-in's section replaces the main file's section of that plugin, nested tables included, and
#            what it doesn't name has containerd's default. Keys outside of plugins (oom_score) are merged one by one. Nothing is reported.
# Meets:     a host without its registry: one drop-in for a mirror, and the sandbox image is the default one, which isn't on the host. No
#            pod starts, etcd's and kube-apiserver's neither; and SystemdCgroup is off, unlike the kubelet's driver.
# Seen:      main file alone:  oom_score -999  sandbox_image registry.example.net/pause:3.10  SystemdCgroup true   config_path ""
#            with the drop-in: oom_score -999  sandbox_image registry.k8s.io/pause:3.6        SystemdCgroup false  config_path /etc/certs.d
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
timeout 120 apt-get -q -o APT::Sandbox::User=root download containerd=1.6.20~ds1-1+deb12u3 >/dev/null
dpkg-deb -x containerd_*.deb .
usr/bin/containerd --version

mkdir conf.d
cat >config.toml <<TOML
version = 2
imports = ["$work/conf.d/*.toml"]
oom_score = -999
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "registry.example.net/pause:3.10"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = true
TOML
cat >drop-in <<'TOML'
version = 2
[plugins."io.containerd.grpc.v1.cri".registry]
  config_path = "/etc/certs.d"
TOML

# effective: prints some settings as containerd reads them; `config dump` starts nothing.
effective() {
  local settings
  settings=$(timeout 30 usr/bin/containerd --config=config.toml config dump)
  for key in oom_score sandbox_image SystemdCgroup config_path; do
    sed -n "s/^ *$key = \(.*\)/$key \1/p" <<<"$settings" | head -n 1
  done | paste -sd' '
}
alone=$(effective)
cp drop-in conf.d/mirror.toml
both=$(effective)
echo "main file alone:  $alone"
echo "with the drop-in: $both"
[[ $alone == 'oom_score -999 sandbox_image "registry.example.net/pause:3.10" SystemdCgroup true config_path ""' ]] || { echo "CHANGED: the main file"; exit 1; }
[[ $both == 'oom_score -999 sandbox_image "registry.k8s.io/pause:3.6" SystemdCgroup false config_path "/etc/certs.d"' ]] || { echo "CHANGED: the drop-in"; exit 1; }
echo "SEEN: a drop-in that sets one key of the CRI plugin resets the others"
