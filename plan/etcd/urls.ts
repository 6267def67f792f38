import type { Host } from "../topology/topology";
import { plainIp } from "../values/addresses";

/** An IPv6 address stands in brackets, as etcd writes it. */
const url = ({ internalAddress: address }: Host, port: number): string =>
  `https://${address.includes(":") ? `[${plainIp(address)}]` : address}:${port}`;

export const peerUrl = (host: Host): string => url(host, 2380);
export const clientUrl = (host: Host): string => url(host, 2379);
