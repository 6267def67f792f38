import assert from "node:assert/strict";
import { certificatesAnew } from "../../drill/scenes/hands";
import { scenesText } from "../../drill/scenes/report";

describe("the scenes of a drill of kubeadm", () => {
  it("make certificates anew by the runbook's own commands, for the host that is meant", () => {
    const script = certificatesAnew({ name: "cp9", address: "10.0.0.9" }, "api.corp:6443", "v1.36.3");
    const [first, ...rest] = script.split("\n");
    assert.equal(first, "NAME=cp9 ADDRESS=10.0.0.9 ENDPOINT=api.corp:6443 VERSION=v1.36.3");
    assert.doesNotMatch(rest.join("\n"), /cp2|192\.168/);
    assert.match(script, /mv \/etc\/kubernetes\/pki\/\$c\.crt/);
    assert.match(script, /kubeadm init phase certs \$c --config/);
    assert.match(rest.at(-1) ?? "", /^crictl ps -q .*\| xargs crictl stop$/);
  });

  it("are reported with what failed, and what preview said", () => {
    const text = scenesText({
      verified: false,
      steps: [],
      checks: [{ what: "the leader moves", ok: false, found: "none" }],
      previews: [{ moment: "all are stopped", stack: "primary", lines: ["  STOP  members of etcd: ..."] }],
      standIns: [],
    });
    assert.match(text, /NOT verified/);
    assert.match(text, /FAILED the leader moves: none/);
    assert.match(text, /Preview of primary, all are stopped\n {2}STOP/);
  });
});
