import { ofEach, type Shape, struct, textMap, texts } from "./shape";

/** system_images: each is the name of an image. */
export const systemImages: Shape = struct(`
  aci_cni_deploy_container aci_controller_container aci_gbp_server_container aci_host_container aci_mcast_container
  aci_opflex_container aci_opflex_server_container aci_ovs_container alpine calico_cni calico_controllers calico_ctl
  calico_flexvol calico_node canal_cni canal_controllers canal_flannel canal_flexvol canal_node cert_downloader
  coredns coredns_autoscaler dnsmasq etcd flannel flannel_cni ingress ingress_backend ingress_webhook kubedns
  kubedns_autoscaler kubedns_sidecar kubernetes kubernetes_services_sidecar metrics_server nginx_proxy nodelocal
  pod_infra_container weave_cni weave_node windows_pod_infra_container
`);

/** network.aci_network_provider, of all releases together. */
export const aciNetworkProvider: Shape = struct(
  `
    acc_provision_operator_memory_limit acc_provision_operator_memory_request
    aci_containers_controller_memory_limit aci_containers_controller_memory_request
    aci_containers_host_memory_limit aci_containers_host_memory_request aci_containers_memory_limit
    aci_containers_memory_request aci_containers_operator_memory_limit aci_containers_operator_memory_request
    aci_multipod aci_multipod_ubuntu add_external_contract_to_default_epg add_external_subnets_to_rdconfig aep
    apic_connection_retry_limit apic_refresh_ticker_adjust apic_refresh_time apic_subscription_delay apic_user_crt
    apic_user_name capic controller_log_level dhcp_delay dhcp_renew_max_retry_count disable_hpp_rendering
    disable_periodic_snat_global_info_sync disable_wait_for_network drop_log_disable_events drop_log_enable
    duration_wait_for_network enable_endpoint_slice enable_hpp_direct enable_opflex_agent_reconnect encap_type
    ep_registry extern_dynamic extern_static gbp_pod_subnet host_agent_log_level hpp_optimization
    image_pull_policy image_pull_secret infra_vlan install_istio istio_profile kafka_client_crt kube_api_vlan
    l3out max_nodes_svc_graph mcast_daemon_memory_limit mcast_daemon_memory_request mcast_range_end
    mcast_range_start mtu_head_room multus_disable no_priority_class no_wait_for_service_ep_readiness
    node_pod_if_enable node_subnet node_svc_subnet opflex_agent_memory_limit opflex_agent_memory_request
    opflex_agent_opflex_asyncjson_enabled opflex_agent_ovs_asyncjson_enabled opflex_agent_policy_retry_delay_timer
    opflex_agent_reset_wait_delay opflex_agent_statistics opflex_client_ssl opflex_device_delete_timeout
    opflex_device_reconnect_wait_timeout opflex_log_level opflex_mode opflex_openssl_compat opflex_server_port
    opflex_startup_enabled opflex_startup_policy_duration opflex_startup_resolve_aft_conn opflex_switch_sync_delay
    opflex_switch_sync_dynamic overlay_vrf_name ovs_memory_limit ovs_memory_request pbr_tracking_non_snat
    pod_subnet_chunk_size run_gbp_container run_opflex_server_container service_graph_endpoint_add_delay
    service_monitor_interval service_vlan sleep_time_snat_global_info_sync snat_contract_scope snat_namespace
    snat_port_range_end snat_port_range_start snat_ports_per_node sriov_enable subnet_domain_name system_id
    taint_not_ready_node tenant toleration_seconds unknown_mac_unicast_action use_aci_anywhere_crd
    use_aci_cni_priority_class use_cluster_role use_host_netns_volume use_opflex_server_volume
    use_privileged_container use_system_node_priority_class vmm_controller vmm_domain vrf_name vrf_tenant
  `,
  {
    ...ofEach("token apic_user_key kafka_client_key", "secret"),
    ...ofEach("apic_hosts kafka_brokers l3out_external_networks", texts),
    ...ofEach("node_snat_redirect_exclude service_graph_endpoint_add_services", { list: textMap }),
  },
);
