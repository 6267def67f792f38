#!/usr/bin/env bash
# A program that calls pulumi.log.error is shown as failed, and `pulumi up` ends with 0; the same program in the Automation API fails
#
# Version:   Pulumi CLI 3.276.0, built from the Go module github.com/pulumi/pulumi/pkg/v3 v3.276.0, and npm @pulumi/pulumi 3.276.0. A language host
#            of a few lines stands in for pulumi-language-nodejs, whose Go module isn't published: it starts the SDK's own runner, and takes
#            its exit status 0 for success, as the real one does.
# Expected:  "error" in the output, "1 errored" in the summary and "failed" at the stack go with an exit status that isn't 0.
# Behaviour: log.error sends a message and no more. The engine counts it in what it shows; the runner ends with 0, and so does `pulumi up`, and the
#            event stream says "succeeded". The Automation API's server for inline programs does look at log.hasErrors(), and rejects with
#            "One or more errors occurred", after all resources are made.
# Meets:     a check in the program that reports by log.error that a standby can't take over; the pipeline that runs it stays green, while the
#            same program under the Automation API would fail.
# Seen:      pulumi up:      status 0, shown: creating failed, 1 errored; result of the events: succeeded
#            Automation API: rejected, One or more errors occurred
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir build bin project
timeout 300 npm install --silent --no-audit --no-fund --prefix "$work" @pulumi/pulumi@3.276.0
(
  export GOFLAGS="-mod=mod -modcacherw -trimpath -buildvcs=false" GOMODCACHE=$work/modules GOTOOLCHAIN=local GOWORK=off
  cd build
  go mod init finding 2>/dev/null
  timeout 300 go get -tool github.com/pulumi/pulumi/pkg/v3/cmd/pulumi@v3.276.0 2>log || { cat log; exit 1; }
  version=github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v3.276.0
  timeout 1500 go build -ldflags="-s -w -X $version" -o ../bin/pulumi github.com/pulumi/pulumi/pkg/v3/cmd/pulumi 2>log || { cat log; exit 1; }
)
export PATH=$work/bin:$PATH PULUMI_HOME=$work/home PULUMI_BACKEND_URL=file://$work PULUMI_CONFIG_PASSPHRASE=finding PULUMI_SKIP_UPDATE_CHECK=true
bin/pulumi version
cat >bin/pulumi-language-nodejs <<JS
#!/usr/bin/env node
const load = require("node:module").createRequire("$work/package.json");
JS
cat >>bin/pulumi-language-nodejs <<'JS'
const { spawn } = require("node:child_process");
const grpc = load("@grpc/grpc-js");
const pb = load("@pulumi/pulumi/proto/language_pb");
const { PluginInfo } = load("@pulumi/pulumi/proto/plugin_pb");
const { LanguageRuntimeService } = load("@pulumi/pulumi/proto/language_grpc_pb");
const engine = process.argv.find((argument) => /^[\d.]+:\d+$/.test(argument));
const server = new grpc.Server();
server.addService(LanguageRuntimeService, {
  getPluginInfo: (_, answer) => answer(null, new PluginInfo()),
  getRequiredPackages: (_, answer) => answer(null, new pb.GetRequiredPackagesResponse()),
  run: ({ request }, answer) => {
    const flags = { monitor: request.getMonitorAddress(), engine, project: request.getProject(), stack: request.getStack() };
    const where = request.getInfo().getProgramDirectory();
    const args = Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
    spawn("node", [load.resolve("@pulumi/pulumi/cmd/run"), ...args, `--pwd=${where}`, "."], { stdio: "inherit" }).on("exit", (status) => {
      const result = new pb.RunResponse();
      if (status === 32) result.setBail(true);
      else if (status !== 0) result.setError(`exit status ${status}`);
      answer(null, result);
    });
  },
});
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (_, port) => console.log(port));
JS
chmod +x bin/pulumi-language-nodejs
cat >project/index.js <<'JS'
require("@pulumi/pulumi").log.error("the standby can't take over");
JS
printf 'name: finding\nruntime: nodejs\n' >project/Pulumi.yaml
echo '{"main": "index.js"}' >project/package.json
pulumi() { timeout 100 "$work/bin/pulumi" --non-interactive --color=never -C "$work/project" "$@"; }
pulumi stack init test >/dev/null 2>&1
status=0
pulumi up --yes --skip-preview --stack test >shown 2>&1 || status=$?
events=$(pulumi up --yes --skip-preview --stack test --json 2>/dev/null || true)
cli="status $status, shown: $(grep -o 'creating failed' shown | tail -n 1), $(grep -o '1 errored' shown); result of the events: $(
  grep -o '"result":"[a-z]*"' <<<"$events" | cut -d'"' -f4
)"
cat >automation.js <<'JS'
const pulumi = require("@pulumi/pulumi");
const { LocalWorkspace } = require("@pulumi/pulumi/automation");
(async () => {
  const program = async () => void pulumi.log.error("the standby can't take over");
  const stack = await LocalWorkspace.createStack({ stackName: "inline", projectName: "finding", program });
  await stack.up().then(
    () => console.log("done"),
    (error) => console.log(`rejected, ${/One or more errors occurred/.exec(error.message) ?? error.message}`),
  );
})();
JS
inline=$(timeout 200 node automation.js)
echo "pulumi up:      $cli"
echo "Automation API: $inline"
[[ $cli == "status 0, shown: creating failed, 1 errored; result of the events: succeeded" ]] || { echo "CHANGED: pulumi up"; exit 1; }
[[ $inline == "rejected, One or more errors occurred" ]] || { echo "CHANGED: the Automation API"; exit 1; }
echo "SEEN: a logged error is shown as a failure, and pulumi up ends with 0"
