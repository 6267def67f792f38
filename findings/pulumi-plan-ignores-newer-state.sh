#!/usr/bin/env bash
# `pulumi up --plan` carries out a plan that was made before somebody else's update, and overwrites that update
#
# Version:   Pulumi CLI 3.276.0, built from the Go module github.com/pulumi/pulumi/pkg/v3 v3.276.0, npm @pulumi/pulumi 3.276.0; backend file://.
# Expected:  a saved plan belongs to the state that it was made from: after another update it is refused as stale before anything changes, as
#            Terraform does it.
# Behaviour: a plan holds each resource's operation and inputs and nothing of the state's age. The update is compared with it step by step, while
#            it runs: a resource that a colleague has changed meanwhile is changed once more, to the plan's value, status 0, no word. A step that
#            the plan lacks (here the deletion of a colleague's new resource) ends the update, after the others are done.
# Meets:     a failover or failback that was previewed, reviewed and approved as a plan; an hour later it is carried out on a stack in which others
#            have already acted.
# Seen:      plan for b; meanwhile c:             up 0, did a c b
#            plan for b; meanwhile c and another: up 1, did a c another b, delete is not allowed by the plan: no steps were expected for this resource
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir build bin
timeout 300 npm install --silent --no-audit --no-fund --prefix "$work" @pulumi/pulumi@3.276.0
(
  export GOFLAGS="-mod=mod -modcacherw -trimpath -buildvcs=false" GOMODCACHE=$work/modules GOTOOLCHAIN=local GOWORK=off
  cd build
  go mod init finding 2>/dev/null
  timeout 300 go get -tool github.com/pulumi/pulumi/pkg/v3/cmd/pulumi@v3.276.0 2>log || { cat log; exit 1; }
  version=github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v3.276.0
  timeout 1500 go build -ldflags="-s -w -X $version" -o ../bin/pulumi github.com/pulumi/pulumi/pkg/v3/cmd/pulumi 2>log || { cat log; exit 1; }
)
# the plugin of dynamic resources, as the SDK's own release starts it
cat >bin/pulumi-resource-pulumi-nodejs <<SCRIPT
#!/bin/sh
exec node "$work/node_modules/@pulumi/pulumi/cmd/dynamic-provider" "\$@"
SCRIPT
chmod +x bin/pulumi-resource-pulumi-nodejs
export PATH=$work/bin:$PATH PULUMI_HOME=$work/home PULUMI_BACKEND_URL=file://$work PULUMI_CONFIG_PASSPHRASE=finding PULUMI_SKIP_UPDATE_CHECK=true
pulumi version

cat >run.js <<'JS'
const fs = require("node:fs");
const pulumi = require("@pulumi/pulumi");
const { LocalWorkspace } = require("@pulumi/pulumi/automation");

// a resource that notes what it does in a file
const provider = {
  create: async ({ does, file }) => {
    require("node:fs").appendFileSync(file, ` ${does}`);
    return { id: "id", outs: { does, file } };
  },
  update: async (_, __, { does, file }) => {
    require("node:fs").appendFileSync(file, ` ${does}`);
    return { outs: { does, file } };
  },
};
class Act extends pulumi.dynamic.Resource {
  constructor(name, does, file) {
    super(provider, name, { does, file });
  }
}

// what is done while a plan waits: `meanwhile` is the names of resources more
async function tried(stackName, meanwhile) {
  const file = `${process.cwd()}/did-${stackName}`;
  const program = (does, more) => async () => {
    new Act("site", does, file);
    for (const name of more) new Act(name, name, file);
  };
  const stack = await LocalWorkspace.createStack({ stackName, projectName: "finding", program: program("a", []) });
  await stack.up();
  const plan = `${process.cwd()}/plan-${stackName}.json`;
  await stack.preview({ plan, program: program("b", []) });
  await stack.up({ program: program("c", meanwhile) });
  let status = 0;
  let why = "";
  try {
    await stack.up({ plan, program: program("b", []) });
  } catch (error) {
    status = 1;
    why = `, ${/(\S+ is not allowed by the plan.*)/.exec(error.message)?.[1] ?? error.message}`;
  }
  return `up ${status}, did${fs.readFileSync(file, "utf8")}${why}`;
}
(async () => {
  console.log(`plan for b; meanwhile c:             ${await tried("one", [])}`);
  console.log(`plan for b; meanwhile c and another: ${await tried("two", ["another"])}`);
})();
JS
seen=$(timeout 300 node run.js)
echo "$seen"
[[ $seen == "plan for b; meanwhile c:             up 0, did a c b
plan for b; meanwhile c and another: up 1, did a c another b, delete is not allowed by the plan"* ]] || { echo "CHANGED: another result"; exit 1; }
echo "SEEN: an old plan is carried out over a newer update"
