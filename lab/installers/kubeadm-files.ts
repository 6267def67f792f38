/** Files of a kubeadm cluster's host, as its packages and its operator would have put them there. */
import { CNI_FOLDER } from "../build/kubeadm-toolchain";
import { hostsOf, type LabHost, type LabTopology } from "../state/topology";
import { addressOf, controlPlaneOf, endpointOf } from "./kubeadm-configuration";

export const hostTexts = (topology: LabTopology, host: LabHost, pauseImage: string): Record<string, string> => ({
  "/etc/hosts": hostsFile(topology, host),
  "/etc/fstab": "",
  "/etc/containerd/config.toml": containerdSettings(pauseImage),
  "/etc/crictl.yaml": "runtime-endpoint: unix:///run/containerd/containerd.sock\ntimeout: 30\n",
  "/etc/cni/net.d/10-lab.conflist": podNetwork(topology, host),
  // The machine's own kernel log is none of the host's business.
  "/etc/systemd/journald.conf.d/lab.conf": "[Journal]\nReadKMsg=no\nSystemMaxUse=64M\n",
  "/etc/systemd/system/kubelet.service": KUBELET,
  "/etc/systemd/system/kubelet.service.d/10-kubeadm.conf": KUBELET_OF_KUBEADM,
});

/** controlPlaneEndpoint's name leads to the first control plane host, until an operator moves it. */
export function hostsFile(topology: LabTopology, host: LabHost): string {
  const [first] = controlPlaneOf(topology);
  const endpoint = endpointOf(topology)?.name;
  const isName = endpoint !== undefined && !/^[\d.]+$/.test(endpoint);
  return [
    "127.0.0.1\tlocalhost",
    `127.0.1.1\t${host.name}.rke-lab`,
    ...hostsOf(topology).map((other) => `${addressOf(other)}\t${other.name}`),
    ...(isName && first ? [`${addressOf(first)}\t${endpoint}`] : []),
    "",
  ].join("\n");
}

const containerdSettings = (pauseImage: string): string => `version = 2
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${pauseImage}"
  # what a machine without CAP_SYS_RESOURCE can't give
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${CNI_FOLDER}"
    conf_dir = "/etc/cni/net.d"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
`;

/** Each host has a network of its own for its pods; none leads to another host's. */
function podNetwork(topology: LabTopology, host: LabHost): string {
  const number = hostsOf(topology).findIndex(({ name }) => name === host.name);
  const bridge = {
    type: "bridge",
    bridge: "cni0",
    isGateway: true,
    ipMasq: false,
    ipam: { type: "host-local", ranges: [[{ subnet: `10.244.${number}.0/24` }]] },
  };
  return `${JSON.stringify({ cniVersion: "0.4.0", name: "lab", plugins: [bridge] }, null, 2)}\n`;
}

/** As Kubernetes' packages have it. */
const KUBELET = `[Unit]
Description=kubelet: The Kubernetes Node Agent
Wants=containerd.service
After=containerd.service

[Service]
ExecStart=/usr/local/bin/kubelet
Restart=always
StartLimitInterval=0
RestartSec=10

[Install]
WantedBy=multi-user.target
`;

const KUBELET_OF_KUBEADM = `[Service]
Environment="KUBELET_KUBECONFIG_ARGS=--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf"
Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
EnvironmentFile=-/etc/default/kubelet
ExecStart=
ExecStart=/usr/local/bin/kubelet $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS
`;
