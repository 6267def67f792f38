#!/usr/bin/env bash
# `pulumi cancel` on a self-managed backend cancels nothing: it deletes the lock of a run that lives, and a second run goes on beside it
#
# Version:   Pulumi CLI 3.276.0, built from the Go module github.com/pulumi/pulumi/pkg/v3 v3.276.0; backend file://.
# Expected:  `pulumi cancel` ends the run that holds the stack, or refuses because that run lives: its lock names host and pid.
# Behaviour: it deletes every lock file of the stack, whoever holds them, prints "has been canceled!" and exits 0. The run goes on. The stack is
#            open to a second run, which Pulumi's own message recommends: "wait for the other process(es) to end or delete the lock file with
#            `pulumi cancel`". Whichever writes last decides what the state says.
# Meets:     an operator who finds the stack locked by a colleague's run, or by one of their own in another terminal, and types what the message says.
# Seen:      first run waits with its lock; a second one is refused: 1
#            cancel: 0, "The currently running update for 'test' has been canceled!"; the first run lives; locks: 0
#            second run: 0, resources: 0; then the first one goes on: 0
set -euo pipefail
work=$(mktemp -d)
trap 'exec 7>&-; kill %1 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
mkdir build project state
export GOFLAGS="-mod=mod -modcacherw -trimpath -buildvcs=false" GOMODCACHE=$work/modules GOTOOLCHAIN=local GOWORK=off
(
  cd build
  go mod init finding 2>/dev/null
  timeout 300 go get -tool github.com/pulumi/pulumi/pkg/v3/cmd/pulumi@v3.276.0 2>log || { cat log; exit 1; }
  version=github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v3.276.0
  timeout 1500 go build -ldflags="-s -w -X $version" -o pulumi github.com/pulumi/pulumi/pkg/v3/cmd/pulumi 2>log || { cat log; exit 1; }
)
export PULUMI_HOME=$work/home PULUMI_BACKEND_URL=file://$work/state PULUMI_CONFIG_PASSPHRASE=finding PULUMI_SKIP_UPDATE_CHECK=true
pulumi() { timeout 60 "$work/build/pulumi" --color=never -C "$work/project" "$@"; }
pulumi version
printf 'name: finding\nruntime: nodejs\n' >project/Pulumi.yaml
pulumi --non-interactive stack init test >/dev/null 2>&1
# a stack of one component, which is deleted without a plugin
urn() { printf 'urn:pulumi:test::finding::%s::%s' "$1" "$2"; }
stack=$(urn pulumi:pulumi:Stack finding-test)
cat >project/state.json <<JSON
{"version": 3, "deployment": {"manifest": {"time": "2026-01-01T00:00:00Z", "magic": "", "version": ""}, "resources": [
  {"urn": "$stack", "custom": false, "type": "pulumi:pulumi:Stack"},
  {"urn": "$(urn finding:index:Part part)", "custom": false, "type": "finding:index:Part", "parent": "$stack"}
]}}
JSON
pulumi --non-interactive stack import --stack test --file state.json >/dev/null 2>&1
locks() { find state/.pulumi/locks -name '*.json' 2>/dev/null | wc -l; }
resources() { pulumi --non-interactive stack export --stack test | grep -c '"urn"' || true; }
# second: destroys the stack, as another terminal would; sets $second.
second() {
  second=0
  pulumi --non-interactive destroy --yes --stack test >output 2>&1 || second=$?
}

# the first run is asked on a terminal of its own whether it may go on, and holds its lock meanwhile
mkfifo keys
script -qfec "'$work/build/pulumi' --color=never -C '$work/project' destroy --stack test" screen <keys >/dev/null &
exec 7>keys
asked=
for _ in $(seq 300); do
  if grep -qs 'Do you want' screen; then asked=yes; break; fi
  sleep 0.1
done
[[ -n $asked ]] || { echo "the first run doesn't ask:"; cat screen; exit 1; }
pid=$(cat state/.pulumi/locks/*/*/*/*.json | sed -n 's/.*"pid":\([0-9]*\).*/\1/p')
second
echo "first run waits with its lock; a second one is refused: $second"
if [[ $second == 0 ]] || ! grep -q 'pulumi cancel' output; then
  echo "CHANGED: the lock"
  cat output
  exit 1
fi

result=0
pulumi --non-interactive cancel --yes test >cancelled 2>&1 || result=$?
lives="the first run is gone"
if kill -0 "$pid" 2>/dev/null; then lives="the first run lives"; fi
echo "cancel: $result, \"$(tail -n 1 cancelled)\"; $lives; locks: $(locks)"
[[ $result == 0 && $lives == *lives && $(locks) == 0 ]] || { echo "CHANGED: cancel"; exit 1; }
second
left=$(resources)
# down to "yes"
printf '\033[A\r' >&7
first=0
wait %1 || first=$?
echo "second run: $second, resources: $left; then the first one goes on: $first"
[[ $second == 0 && $left == 0 ]] || { echo "CHANGED: the second run"; exit 1; }
echo "SEEN: pulumi cancel deletes a living run's lock, and ends nothing"
