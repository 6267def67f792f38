import assert from "node:assert/strict";
import { parseFacts } from "../../../plan/facts/facts";
import { endpointNotes } from "../../../plan/guards/endpoint";
import { staticPod } from "../../../plan/runtimes/static-pod/static-pod";
import { allHosts } from "../../../plan/topology/topology";
import { printedFacts } from "../../printed-facts";
import { kubeadmTopology, untouchedCluster } from "../worlds/kubeadm-world";

const topology = kubeadmTopology();
const hosts = allHosts(topology);
const lost = hosts.filter((h) => h.datacenter === "a");
const survivors = hosts.filter((h) => h.datacenter === "b");
const serving = survivors.filter((h) => h.name === "cp3");
const name = "api.lab.test";

/** @param addresses where the name leads from each host */
const notes = (addresses: Record<string, string[]>) =>
  endpointNotes(
    topology,
    survivors,
    serving,
    lost,
    untouchedCluster(topology, (h) => ({ endpoint: { name, addresses: addresses[h.name] ?? [] } })),
  );
const at = { lost: "192.168.31.111", own: "192.168.31.113", balancer: "192.168.31.9" };

describe("where controlPlaneEndpoint leads after a loss", () => {
  it("to a survivor: nothing is said", () => assert.deepEqual(notes({ cp3: [at.own], worker2: [at.own] }), []));

  it("to a lost host: said once for the hosts that agree, with the line to write", () =>
    assert.deepEqual(notes({ cp3: [at.lost], worker2: [at.lost] }), [
      "controlPlaneEndpoint api.lab.test leads to cp1, which is lost, seen from cp3, worker2: workers' kubelets and kubectl reach no API there until it leads to cp3 (192.168.31.113). Move it in DNS; or write `192.168.31.113 api.lab.test` as the first line of /etc/hosts on each of them, and on your own machine",
    ]));

  it("nowhere from one host: said of that host", () => {
    const [note, ...more] = notes({ cp3: [at.own], worker2: [] });
    assert.match(note ?? "", /^controlPlaneEndpoint api\.lab\.test leads nowhere, seen from worker2: /);
    assert.deepEqual(more, []);
  });

  it("to an address of none of the hosts, as a load balancer's: nothing is known, and nothing said", () =>
    assert.deepEqual(notes({ cp3: [at.balancer], worker2: [at.balancer] }), []));

  it("is read from a host's report", () => {
    const none = () => ({ certificates: [], unreadableCertificates: [] });
    const read = (host: string) => parseFacts("cp3", printedFacts({ host, end: "now=0" }), 0, none, staticPod).endpoint;
    assert.deepEqual(read(`endpoint=${name} ${at.lost}`), { name, addresses: [at.lost] });
    assert.deepEqual(read(`endpoint=${name} `), { name, addresses: [] });
    assert.equal(read("arch=x86_64"), undefined);
  });
});
