import assert from "node:assert/strict";
import { onHostText, withNeeds } from "../../on-host";
import { stateOfEachTest } from "./host-state";

describe("the peer URL by which a host reaches its own etcd, of an etcd that is a unit", () => {
  const host = stateOfEachTest({});
  for (const [settings, url] of [
    ["ETCD_LISTEN_PEER_URLS=https://10.0.0.3:2380,https://127.0.0.1:2380", "https://10.0.0.3:2380"],
    ['ETCD_LISTEN_PEER_URLS="https://0.0.0.0:2380"', "https://127.0.0.1:2380"],
    ["ETCD_LISTEN_PEER_URLS=https://[::]:2380", "https://[::1]:2380"],
    ["ETCD_NAME=etcd1", "https://127.0.0.1:2380"],
  ] as const) {
    it(`is ${url} with ${settings}`, () => {
      host.write("etcd.env", `${settings}\n`);
      const script = withNeeds("installers/unit/host", onHostText).map(onHostText).join("\n");
      const { stdout, stderr } = host.run("bash", ["-c", `${script}\netcd_settings=$RKE_DR_STATE/etcd.env; own_peer`]);
      assert.equal(stdout, url, stderr);
    });
  }
});
