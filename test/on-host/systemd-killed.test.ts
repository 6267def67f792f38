import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { onHostScript } from "../../on-host";
import { stateOfEachTest } from "./host-state";

/** As much of systemd as the runtime asks for, with one property a question as before systemd 246: etcd.service runs, or is stopped. */
const systemctl = `#!/bin/bash
cd "$RKE_DR_STATE" || exit
value() {
  case $1 in
    ActiveState) if [[ -e active ]]; then echo active; else echo inactive; fi ;;
    SubState) if [[ -e active ]]; then echo running; else echo dead; fi ;;
    LoadState) echo loaded ;;
    MainPID) if [[ -e active ]]; then echo 4711; else echo 0; fi ;;
    NRestarts | Job | ExecMainStatus) echo 0 ;;
    ExecMainCode | ExecMainStartTimestampMonotonic) echo 1 ;;
    ExecMainStartTimestamp) echo "Sun 2026-11-29 03:00:00 UTC" ;;
    EnvironmentFiles) echo "$PWD/etcd.env (ignore_errors=no)" ;;
    ExecStart) echo "{ path=/usr/bin/etcd ; argv[]=/usr/bin/etcd ; ignore_errors=no ; pid=0 }" ;;
    NeedDaemonReload) echo no ;;
    Version) echo 219 ;;
  esac
}
words=()
for word; do [[ $word == --no-reload || $word == -q ]] || words+=("$word"); done
set -- "\${words[@]}"
case $1 in
  show)
    shift
    while [[ $1 == -* ]]; do
      [[ $1 == -p ]] || { echo "systemctl: invalid option -- '\${1#-}'" >&2; exit 1; }
      printf '%s=%s\\n' "$2" "$(value "$2")"
      shift 2
    done ;;
  is-enabled) cat enabled; [[ $(cat enabled) == enabled ]]; exit ;;
  enable) echo enabled >enabled ;;
  disable) echo disabled >enabled ;;
  cat) for file in system/etcd.service system/etcd.service.d/*.conf; do [[ ! -e $file ]] || { echo "# /etc/systemd/$file"; cat "$file"; }; done ;;
  start) compgen -G 'system/etcd.service.d/*.conf' >/dev/null && exit 1; touch active ;;
  stop) rm -f active ;;
esac
exit 0
`;

describe("an etcd that is a unit of systemd", function () {
  this.timeout(600_000);
  const host = stateOfEachTest({}, { systemctl, journalctl: "#!/bin/sh\nexit 0\n" });
  const script = () =>
    onHostScript("runtimes/systemd")
      .replaceAll("/etc/systemd/system", host.at("system"))
      .replaceAll("/var/lib/rke-dr", host.at("state"))
      .replaceAll("/run/rke-dr", host.at("run"));
  beforeEach(() => {
    for (const folder of ["system", "state", "run"]) mkdirSync(host.at(folder));
  });

  /**
   * Runs WORK over and over, each time killed one command later, within the runtime's own functions; behind each kill AFTER, as a rerun.
   * @returns a line for each kill behind which AFTER failed, and the number of kills
   */
  function killedEverywhere(before: string, work: string, after: string) {
    const harness = `set -uo pipefail
die() { echo "died: $*" >&2; exit 9; }
${script()}
cd "$RKE_DR_STATE"
for ((at = 1; at < 200; at++)); do
  rm -rf system/* state/* active
  mkdir -p system state
  printf '[Unit]\\n[Service]\\nExecStart=/usr/bin/etcd\\nEnvironmentFile=/etc/etcd.env\\n[Install]\\nWantedBy=multi-user.target\\n' >system/etcd.service
  echo ETCD_NAME=m1 >etcd.env
  echo enabled >enabled
  touch active
  ( set -e; ${before} ) || { echo "before: $?"; exit 1; }
  (
    set -eT
    n=0
    trap 'case \${FUNCNAME[0]:-} in process_set_aside | disable_service | keep_service | bring_back_service) n=$((n + 1)); [[ $n != "$at" ]] || kill -KILL "$BASHPID" ;; esac' DEBUG
    ${work}
  ) >said 2>&1
  ended=$?
  [[ $ended == 137 ]] || { echo "kills: $((at - 1)), then: $ended $(tail -n 1 said)"; break; }
  ( set -e; ${after} ) >said 2>&1 || echo "killed before command $at: $? $(tail -n 2 said | paste -sd' ')"
done
`;
    const { stdout, stderr } = host.run("bash", ["-c", harness]);
    const lines = stdout.trim().split("\n");
    const [, kills] = /^kills: (\d+), then: 0/.exec(lines.at(-1) ?? "") ?? [];
    assert.ok(Number(kills) > 8, `${stdout}${stderr}`);
    return lines.slice(0, -1);
  }
  const setAside = "process_set_aside etcd etcd-before-epoch-2 1";
  const isBack = `[[ -e active && $(cat enabled) == enabled && $(cat etcd.env) == ETCD_NAME=m1 ]] || { echo "isn't back: $(cat enabled etcd.env; ls active; find system state -type f | paste -sd" ")"; exit 1; }
    [[ $(process_names) == etcd ]]; process_status etcd; [[ $status == running ]]; [[ ! -e $units_aside/etcd/kept ]]`;

  it("killed at any point while it is set aside, is set aside by a rerun, and comes back whole", () => {
    const rerun = `process_status etcd
      if [[ $status != missing ]]; then ${setAside}; fi
      [[ ! -e active && $(process_names) == etcd-before-epoch-2 ]] || { echo "names: $(process_names | paste -sd' ')"; exit 1; }
      process_bring_back etcd-before-epoch-2 etcd
      ${isBack}`;
    assert.deepEqual(killedEverywhere("true", setAside, rerun), []);
  });

  it("killed at any point while it is set aside, starts again where the rerun wants it to run", () => {
    const rerun = `process_status etcd
      if [[ $status == missing ]]; then process_bring_back etcd-before-epoch-2 etcd; else process_start etcd; fi
      ${isBack}`;
    assert.deepEqual(killedEverywhere("true", setAside, rerun), []);
  });

  it("killed at any point while it is brought back, is brought back by a rerun", () => {
    const rerun = `process_status etcd
      if [[ $status == missing ]]; then process_bring_back etcd-before-epoch-2 etcd; else process_start etcd; fi
      ${isBack}`;
    assert.deepEqual(killedEverywhere(setAside, "process_bring_back etcd-before-epoch-2 etcd", rerun), []);
  });

  it("isn't renamed onto another one that is kept", () => {
    const { stdout } = host.run("bash", [
      "-c",
      `die() { exit 9; }\n${script()}
mkdir -p $units_aside/a $units_aside/b; echo service=a >$units_aside/a/kept; echo service=b >$units_aside/b/kept
process_rename a b 2>&1 || true; cat $units_aside/{a,b}/kept`,
    ]);
    assert.equal(stdout, "unit b: is there already\nservice=a\nservice=b\n");
  });

  it("drops what was started under a name, and never a group whose number is another's by now", async () => {
    const own = spawn("sleep", ["60"], {
      detached: true,
      env: { ...process.env, RKE_DR_ALONE: "reader" },
      stdio: "ignore",
    });
    const other = spawn("sleep", ["60"], { detached: true, stdio: "ignore" });
    try {
      const ended = new Promise((resolve) => own.once("exit", (_, signal) => resolve(signal)));
      mkdirSync(host.at("run/alone"));
      // the start that is written down isn't that of the process that has the number now
      host.write("run/alone/stale", `${other.pid} 1\n`);
      host.write("run/alone/reader", `${own.pid} 1\n`);
      host.run("bash", ["-c", `die() { exit 9; }\n${script()}\nprocess_drop stale reader`]);
      assert.equal(await ended, "SIGKILL");
      assert.equal(other.exitCode ?? other.signalCode, null);
      assert.ok(!host.has("run/alone/stale") && !host.has("run/alone/reader"));
    } finally {
      for (const child of [own, other]) child.kill("SIGKILL");
    }
  });
});
