"""Fills in kubespray's own templates as its playbook does, for three hosts: how-it-was-recorded.py KUBESPRAY [TO]
KUBESPRAY is a git directory of kubernetes-sigs/kubespray; the values are its defaults (roles/etcd_defaults, roles/kubespray_defaults)."""
import os
import subprocess
import sys

import jinja2

repository, to = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "."
hosts = {"node1": "192.168.31.111", "node2": "192.168.31.112", "node3": "192.168.31.113"}


def template(path):
    return subprocess.check_output(["git", "--git-dir", repository, "show", f"HEAD:{path}"], text=True)


# as ansible's template module does: trim_blocks on
jinja = jinja2.Environment(trim_blocks=True, keep_trailing_newline=True, undefined=jinja2.StrictUndefined)
jinja.filters["ansible.utils.ipwrap"] = lambda ip: f"[{ip}]" if ":" in ip else ip
jinja.filters["bool"] = bool


class Ran:
    rc = 1  # etcd isn't healthy before it was ever started


members = [f"etcd{i + 1}=https://{ip}:2380" for i, ip in enumerate(hosts.values())]
for i, (name, ip) in enumerate(hosts.items()):
    values = {
        "inventory_hostname": name,
        "etcd_version": "3.5.25",
        "etcd_data_dir": "/var/lib/etcd",
        "etcd_client_url": f"https://{ip}:2379",
        "etcd_peer_url": f"https://{ip}:2380",
        "etcd_cluster_is_healthy": Ran,
        "etcd_metrics": "basic",
        "etcd_address": ip,
        "etcd_election_timeout": "5000",
        "etcd_heartbeat_interval": "250",
        "etcd_member_name": f"etcd{i + 1}",
        "etcd_peer_addresses": ",".join(members),
        "etcd_compaction_retention": "8",
        "etcd_snapshot_count": "100000",
        "etcd_quota_backend_bytes": "2147483648",
        "etcd_max_request_bytes": "1572864",
        "etcd_log_level": "info",
        "etcd_max_snapshots": 5,
        "etcd_max_wals": 5,
        "etcd_cert_dir": "/etc/ssl/etcd/ssl",
        "etcd_secure_client": True,
        "etcd_peer_client_auth": True,
        "etcd_extra_vars": {},
        "etcd_experimental_initial_corrupt_check": True,
        "etcd_experimental_enable_distributed_tracing": False,
        "etcd_experimental_watch_progress_notify_interval": "5s",
        "bin_dir": "/usr/local/bin",
    }
    folder = os.path.join(to, "kubespray", name)
    os.makedirs(folder, exist_ok=True)
    for source, file in [("etcd.env.j2", "etcd.env"), ("etcd-host.service.j2", "etcd.service")]:
        text = jinja.from_string(template(f"roles/etcd/templates/{source}")).render(values)
        with open(os.path.join(folder, file), "w") as out:
            out.write(text)
