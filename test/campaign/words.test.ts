import assert from "node:assert/strict";
import { isDeadEnd, refusalsIn } from "../../campaign/judge/words";

describe("reading a refusal as its operator does", () => {
  it("finds each guard's STOP with its ways, once, although Pulumi prints an error twice", () => {
    const block = `  pulumi:pulumi:Stack (rke-dr-failover):
    error: nothing was changed
    Guards: 2 stop \`pulumi up\`
      STOP  lost side is silent: a: must be silent, as a lost datacenter is: master1 port 22 answers the operator
              Can master1 serve again? Then start it, \`docker start etcd\` there: no failover is needed
              If not: switch master1, master2 off, then run this again
      STOP  confirmation: rke-dr:confirm: must be "a@2": not set
              \`pulumi config set confirm a@2 --stack failover\`, once you have read what \`up\` would do
`;
    const found = refusalsIn(block + block);
    assert.deepEqual(
      found.map(({ guard, wrong }) => [guard, wrong.slice(0, 20)]),
      [
        ["lost side is silent", "a: must be silent, a"],
        ["confirmation", "rke-dr:confirm: must"],
      ],
    );
    assert.deepEqual(
      found[0]?.ways.flatMap(({ deeds }) => deeds),
      [{ do: "switch off", hosts: ["master1", "master2"] }, { do: "again" }],
    );
    assert.deepEqual(
      found[1]?.ways.flatMap(({ commands }) => commands),
      ["pulumi config set confirm a@2 --stack failover"],
    );
  });

  it("finds a host that Pulumi.yaml is to lack for a while", () => {
    const [found] = refusalsIn(
      "  STOP  hosts that change: node2 (10.0.0.5): hosts can't change\n          Take node2 out of Pulumi.yaml for now, `pulumi up --stack primary`, then put it in again",
    );
    assert.deepEqual(
      found?.ways.flatMap(({ deeds }) => deeds),
      [{ do: "take out", hosts: ["node2"] }],
    );
  });

  it("finds a command that stands in the line that says what is wrong", () => {
    const [found] = refusalsIn(
      "  STOP  attestation: must be x, it is not set: `pulumi config set attest x --stack failover`",
    );
    assert.deepEqual(
      found?.ways.flatMap(({ commands }) => commands),
      ["pulumi config set attest x --stack failover"],
    );
  });

  it("finds the commands at the end of a step's error", () => {
    const [found, ...more] = refusalsIn(
      "error: tried on a copy: 2 members; nothing was changed; another way: `pulumi config set epoch 3 --stack failover`, `pulumi config set confirm a@3 --stack failover`, `pulumi up --stack failover`",
    );
    assert.deepEqual(more, []);
    assert.deepEqual(
      found?.ways.flatMap(({ commands }) => commands),
      ["pulumi config set epoch 3 --stack failover", "pulumi config set confirm a@3 --stack failover"],
    );
  });

  it("finds what is to be typed on hosts, by the commands of each runtime", () => {
    const stop = "systemctl stop kubelet; crictl stop $(crictl ps -q --name '^(etcd|kube-apiserver)$')";
    for (const command of ["docker stop etcd kube-apiserver", stop]) {
      const [found] = refusalsIn(
        `  STOP  the returned side is silent: cp1 serves\n          No return guard stops it: \`${command}\` on cp1, cp2, or switch it off`,
      );
      assert.deepEqual(
        found?.ways.flatMap(({ deeds }) => deeds.filter((deed) => deed.do === "on host")),
        [{ do: "on host", command, hosts: ["cp1", "cp2"] }],
      );
    }
  });

  it("finds the host to bring back in the warning of a connection that ended", () => {
    const [found] = refusalsIn(
      "warning: master3 (192.168.31.103) doesn't answer SSH any more, for about 20 s: it has lost its power or its network. Not ended there: first-write. Bring the host back, then run the same command again",
    );
    assert.deepEqual(
      found?.ways.flatMap(({ deeds }) => deeds),
      [{ do: "switch on", hosts: ["master3"] }, { do: "again" }],
    );
  });

  it("says what is wrong by the error of a resource, not by what Pulumi says of itself", () => {
    const [found] = refusalsIn(
      "warning: using pulumi-language-nodejs from $PATH\n    error: preview failed\n    error: unable to replace resource x",
    );
    assert.equal(found?.wrong, "error: unable to replace resource x");
  });

  it("calls a refusal without command and deed a dead end", () => {
    assert.deepEqual(refusalsIn("    error: etcd has no leader").map(isDeadEnd), [true]);
    assert.deepEqual(refusalsIn("").map(isDeadEnd), [true]);
    assert.deepEqual(refusalsIn("error: lock: still there; wait, then run this again").map(isDeadEnd), [false]);
  });
});
