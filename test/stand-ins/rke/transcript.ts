/** Messages of a run, made comparable: hosts are worked on at the same time, so only each host's own order is fixed. */

const MESSAGE = /msg="((?:[^"\\]|\\.)*)"/;
/** How often RKE looks while it waits is a matter of time. */
const WAITING = /still running|^Waiting for \[|^Checking if container \[cert-deployer\]/;

export function messagesOf(text: string): string[] {
  return text
    .split("\n")
    .map((line) => MESSAGE.exec(line)?.[1])
    .filter((message): message is string => message !== undefined && !WAITING.test(message))
    .map((message) => message.replaceAll('\\"', '"'));
}

export type Hosts = Record<string, string>;

function isAbout(message: string, name: string, address: string): boolean {
  const forms = [name, address, address.replaceAll(".", "-")];
  return forms.some((form) => new RegExp(`(^|[^0-9a-z])${form.replaceAll(".", "\\.")}([^0-9]|$)`).test(message));
}

/** The lines about one host, among those about none. */
export function projections(messages: string[], hosts: Hosts): Record<string, string[]> {
  const about = (message: string) => Object.keys(hosts).filter((name) => isAbout(message, name, hosts[name] ?? ""));
  const told = messages.map((message) => ({ message, hosts: about(message) }));
  return Object.fromEntries(
    Object.keys(hosts).map((name) => [
      name,
      told.filter((each) => each.hosts.length === 0 || each.hosts.includes(name)).map((each) => each.message),
    ]),
  );
}
