import type { Host } from "../topology/topology";

export const peerUrl = (host: Host): string => `https://${host.internalAddress}:2380`;
export const clientUrl = (host: Host): string => `https://${host.internalAddress}:2379`;
