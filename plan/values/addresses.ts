import { z } from "zod";

/** Whether a text is an IPv4 address. */
export function isIpv4(text: string): boolean {
  return z.ipv4().safeParse(text).success;
}

/** Whether a text is an IPv4 or IPv6 address. */
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

/** The network address as a number; undefined where the text is no IPv4 range. */
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
