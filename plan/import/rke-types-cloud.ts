import { ofEach, type Shape, struct } from "./shape";

const aws = struct("", {
  global: struct(
    "zone vpc subnet-id routetable-id role-arn kubernetes-cluster-tag kubernetes-cluster-id elb-security-group",
    ofEach("disable-security-group-ingress disable-strict-zone-check", "flag"),
  ),
  service_override: { map: struct("service region url signing-region signing-method signing-name") },
});

const azure = struct(
  `cloud tenantId subscriptionId resourceGroup location vnetName vnetResourceGroup subnetName securityGroupName
   securityGroupResourceGroup routeTableName primaryAvailabilitySetName vmType primaryScaleSetName aadClientId aadClientCertPath
   userAssignedIdentityID loadBalancerSku tags`,
  {
    ...ofEach("aadClientSecret aadClientCertPassword", "secret"),
    ...ofEach("cloudProviderBackoff cloudProviderRateLimit useInstanceMetadata useManagedIdentityExtension", "flag"),
    excludeMasterFromStandardLB: "flag",
    ...ofEach("cloudProviderBackoffRetries cloudProviderBackoffExponent cloudProviderBackoffDuration", "whole"),
    ...ofEach("cloudProviderBackoffJitter cloudProviderRateLimitQPS cloudProviderRateLimitBucket", "whole"),
    maximumLoadBalancerRuleCount: "whole",
  },
);

const openstack = struct("", {
  global: struct("auth-url username user-id tenant-id tenant-name trust-id domain-id domain-name region ca-file", {
    password: "secret",
  }),
  load_balancer: struct(
    "lb-version subnet-id floating-network-id lb-method lb-provider monitor-delay monitor-timeout",
    {
      ...ofEach("use-octavia create-monitor manage-security-groups", "flag"),
      "monitor-max-retries": "whole",
    },
  ),
  block_storage: struct("bs-version", ofEach("trust-device-path ignore-volume-az", "flag")),
  route: struct("router-id"),
  metadata: struct("search-order", { "request-timeout": "whole" }),
});

const vsphere = struct("", {
  global: struct("user server port datacenter datacenters datastore working-dir vm-uuid vm-name", {
    password: "secret",
    "insecure-flag": "flag",
    "soap-roundtrip-count": "whole",
  }),
  virtual_center: {
    map: struct("user port datacenters", { password: "secret", "soap-roundtrip-count": "whole" }),
  },
  network: struct("public-network"),
  disk: struct("scsicontrollertype"),
  workspace: struct("server datacenter folder default-datastore resourcepool-path"),
});

/** RKE's cloud_provider. The two texts are whole configuration files with credentials in them. */
export const cloudProvider: Shape = struct("name", {
  useInstanceMetadataHostname: "flag",
  awsCloudProvider: aws,
  azureCloudProvider: azure,
  openstackCloudProvider: openstack,
  vsphereCloudProvider: vsphere,
  harvesterCloudProvider: struct("", { cloud_config: "secret" }),
  customCloudProvider: "secret",
});
