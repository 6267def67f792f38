# needs: runtimes/static-pod
# Keeps what static-pod.sh defines under names of its own, pods_NAME: systemd.sh then defines each NAME anew, for both runtimes.
# shellcheck shell=bash
# shellcheck disable=SC2154 # pods.sh sets it
for door in process_status process_history process_present process_runs process_names process_pid process_id process_command process_image process_exit_code \
  process_matches process_create process_start process_stop process_restart process_rename process_set_aside process_bring_back process_drop process_log \
  process_exec describe_as run_alone spec_with_argument image_present image_fetch image_like image_list node_facts pod_list runtime_facts; do
  eval "pods_$(declare -f "$door")"
done
unset door
# A resident process that comes first (process_keep_resident) comes before these units.
first_before="kubelet.service etcd.service"
# has_pods: true if this host has a kubelet and can ask what it runs. An etcd apart from the control plane has neither.
has_pods() { command -v crictl >/dev/null && [[ -e $kubelet_settings || -e $(manifests_folder) ]]; }
