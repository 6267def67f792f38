#!/usr/bin/env bash
# `pulumi config set --path NAME.KEY` silently replaces a plain or secret value NAME by a mapping that has only KEY
#
# Version:   Pulumi CLI 3.276.0, built from the Go module github.com/pulumi/pulumi/pkg/v3 v3.276.0.
# Expected:  an error, as Pulumi gives one level deeper ("expected a map"): a word isn't a mapping, and a secret is more than a typing error away.
# Behaviour: at the first level the value is thrown away, exit status 0, nothing on stderr. A secret is gone for good: it stood nowhere else.
#            (sdk/go/common/resource/config/object.go: "we create a new container and overwrite the old value rather than issuing a type error")
# Meets:     an operator who adds a second value to a key that a colleague has set as one word.
# Seen:      word:   set --path word.kim      -> 0, {"kim":"b"}
#            secret: set --path secret.kim    -> 0, {"kim":"b"}
#            deeper: set --path deep.word.kim -> 1, error: could not set config: deep.word: expected a map
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
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
pulumi() { timeout 60 "$work/build/pulumi" --non-interactive --color=never -C "$work/project" "$@"; }
pulumi version
printf 'name: finding\nruntime: nodejs\n' >project/Pulumi.yaml
pulumi stack init test >/dev/null 2>&1
pulumi config set word a
pulumi config set --secret secret a
pulumi config set --path deep.word a

# tried NAME PATH: sets PATH; prints the exit status, and then NAME's value or the error.
tried() {
  local result=0
  pulumi config set --path "$2" b >out 2>&1 || result=$?
  if ((result == 0)); then
    printf '%s, %s%s\n' "$result" "$(pulumi config get "$1")" "$(cat out)"
  else
    printf '%s, %s\n' "$result" "$(tail -n 1 out)"
  fi
}
word=$(tried word word.kim) secret=$(tried secret secret.kim) deeper=$(tried deep deep.word.kim)
echo "word:   set --path word.kim      -> $word"
echo "secret: set --path secret.kim    -> $secret"
echo "deeper: set --path deep.word.kim -> $deeper"
[[ $word == '0, {"kim":"b"}' && $secret == '0, {"kim":"b"}' ]] || { echo "CHANGED: the first level"; exit 1; }
[[ $deeper != 0,* && $deeper == *"expected a map"* ]] || { echo "CHANGED: one level deeper"; exit 1; }
echo "SEEN: pulumi config set --path NAME.KEY replaces a word or a secret NAME without a word"
