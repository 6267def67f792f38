import { z } from "zod";

/** True for an IPv4 address. */
export function isIpv4(text: string): boolean {
  return z.ipv4().safeParse(text).success;
}

/** True if a text is a DNS name whose last part can't be taken for a piece of an address. */
export function isDnsName(text: string): boolean {
  const labels = text.split(".");
  return (
    text.length <= 253 &&
    labels.every((label) => /^[A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?$/.test(label)) &&
    /[A-Za-z]/.test(labels.at(-1) ?? "")
  );
}

/** True for a name in small letters as Kubernetes takes it (DNS-1123 subdomain); digits alone are one, too. */
export const isDns1123 = (text: string): boolean =>
  text.length <= 253 && text.split(".").every((label) => /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(label));

/** True for an IPv4 or IPv6 address. */
export function isIp(text: string): boolean {
  return z.union([z.ipv4(), z.ipv6()]).safeParse(text).success;
}

/** The first usable address of an IPv4 range: the `kubernetes` Service's IP (RKE takes network + 1). */
export function serviceIp(cidr: string): string {
  const base = parseCidr(cidr);
  if (base === undefined) {
    throw new Error(`${JSON.stringify(cidr)} is not an IPv4 range in CIDR form`);
  }
  const value = base + 1;
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join(".");
}

/** The network address as a number; undefined if the text is no IPv4 range. */
export function parseCidr(cidr: string): number | undefined {
  const [ip = "", bits = "", ...rest] = cidr.split("/");
  const prefix = Number(bits);
  if (rest.length > 0 || !z.ipv4().safeParse(ip).success || !/^\d+$/.test(bits) || prefix > 30) {
    return undefined;
  }
  const value = ip.split(".").reduce((sum, octet) => sum * 256 + Number(octet), 0);
  const size = 2 ** (32 - prefix);
  return Math.floor(value / size) * size;
}

/** An IPv4 or IPv6 address as Go prints it: IPv6 in small letters, its longest run of zeros left out, ::ffff:10.0.0.1 as 10.0.0.1. */
export function plainIp(text: string): string {
  if (!text.includes(":")) {
    return text;
  }
  const plain = new URL(`http://[${text}]/`).hostname.slice(1, -1);
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(plain) ?? [];
  return high === undefined || low === undefined
    ? plain
    : [high, low].flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255]).join(".");
}

/**
 * The first usable address of an IPv4 or IPv6 range, network + 1, which the `kubernetes` Service gets.
 * @throws Error if the text is no range
 */
export function firstAddress(cidr: string): string {
  if (!cidr.includes(":")) {
    return serviceIp(cidr);
  }
  const [ip = "", bits = ""] = cidr.split("/");
  if (!z.ipv6().safeParse(ip).success || !/^\d{1,3}$/.test(bits) || Number(bits) > 126) {
    throw new Error(`${JSON.stringify(cidr)} is not an IPv6 range in CIDR form`);
  }
  const free = 128n - BigInt(bits);
  const value = ((ipv6Value(ip) >> free) << free) + 1n;
  const groups = Array.from({ length: 8 }, (_, i) => ((value >> BigInt(112 - 16 * i)) & 0xffffn).toString(16));
  return plainIp(groups.join(":"));
}

function ipv6Value(ip: string): bigint {
  const [head = "", tail] = plainIp(ip).split("::");
  const groups = (part: string) => (part === "" ? [] : part.split(":"));
  const zeros = tail === undefined ? 0 : 8 - groups(head).length - groups(tail).length;
  const all = [...groups(head), ...Array<string>(zeros).fill("0"), ...groups(tail ?? "")];
  return all.reduce((sum, group) => sum * 65536n + BigInt(`0x${group}`), 0n);
}

/** True for an IPv4 or IPv6 range in CIDR form, such as "10.43.0.0/16". */
export function isCidr(text: string): boolean {
  try {
    return firstAddress(text) !== "";
  } catch {
    return false;
  }
}

/** True for an IPv4 range, or for one of each family, "10.43.0.0/16,fd98::/108", as Kubernetes takes two. */
export function isServiceRange(text: string): boolean {
  const ranges = text.split(",");
  const isV4 = (range: string) => parseCidr(range) !== undefined;
  return ranges.length <= 2 && ranges.every(isCidr) && ranges.filter(isV4).length === 1;
}

/** The host in HOST, HOST:PORT or [IPv6]:PORT. */
export function endpointHost(endpoint: string): string {
  const [, bracketed, plain] = /^(?:\[([^\]]*)\](?::\d+)?|([^:]*)(?::\d+)?)$/.exec(endpoint) ?? [];
  return bracketed ?? plain ?? endpoint;
}
