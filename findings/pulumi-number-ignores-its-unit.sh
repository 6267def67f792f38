#!/usr/bin/env bash
# Pulumi's getNumber in Node reads a number's beginning and drops the rest: 10m is 10, 5,000 is 5, 0x10 is 0
#
# Version:   npm @pulumi/pulumi 3.276.0 on Node; PyPI pulumi 3.272.0 as another SDK.
# Expected:  a value that is no number fails ("is not a valid number"), as getBoolean fails for "True", and as Python's SDK does.
# Behaviour: Config.getNumber and requireNumber take what parseFloat makes of the text; only a text that begins like no number fails. Its
#            options min and max are compared with that beginning.
# Meets:     Pulumi.failover.yaml, written by hand in a hurry, with a time limit or a quota and its unit: 10m is ten seconds, and 8Gi is a quota
#            of 8 bytes. Preview shows a number, and nothing shows that it isn't the one in the file.
# Seen:      node:   10m=10 8Gi=8 5,000=5 1_000=1 0x10=0 2026-11-30=2026 m10=refused
#            python: 10m=refused 8Gi=refused 5,000=refused 1_000=1000 0x10=refused 2026-11-30=refused m10=refused
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
timeout 300 npm install --silent --no-audit --no-fund --prefix "$work" @pulumi/pulumi@3.276.0
python3 -m venv venv
timeout 300 venv/bin/pip install --quiet --disable-pip-version-check pulumi==3.272.0

cat >read.js <<'JS'
const pulumi = require("@pulumi/pulumi");
const values = process.argv.slice(2);
pulumi.runtime.setAllConfig(Object.fromEntries(values.map((value, i) => [`finding:${i}`, value])));
const read = (i) => {
  try {
    return new pulumi.Config("finding").requireNumber(String(i));
  } catch {
    return "refused";
  }
};
console.log(values.map((value, i) => `${value}=${read(i)}`).join(" "));
JS
cat >read.py <<'PY'
import sys

import pulumi

values = sys.argv[1:]
pulumi.runtime.set_all_config({f"finding:{i}": value for i, value in enumerate(values)})


def read(i):
    try:
        return pulumi.Config("finding").require_float(str(i))
    except pulumi.ConfigTypeError:
        return "refused"


def shown(number):
    return number if isinstance(number, str) else f"{number:g}"


print(" ".join(f"{value}={shown(read(i))}" for i, value in enumerate(values)))
PY
echo "@pulumi/pulumi $(node -p 'require("@pulumi/pulumi/package.json").version'), pulumi $(venv/bin/pip list --format=freeze 2>/dev/null | sed -n 's/^pulumi==//p')"
values=(10m 8Gi "5,000" 1_000 0x10 2026-11-30 m10)
node=$(timeout 60 node read.js "${values[@]}")
python=$(timeout 60 venv/bin/python read.py "${values[@]}")
echo "node:   $node"
echo "python: $python"
[[ $node == "10m=10 8Gi=8 5,000=5 1_000=1 0x10=0 2026-11-30=2026 m10=refused" ]] || { echo "CHANGED: Node"; exit 1; }
[[ $python == "10m=refused 8Gi=refused 5,000=refused 1_000=1000 0x10=refused 2026-11-30=refused m10=refused" ]] || { echo "CHANGED: Python"; exit 1; }
echo "SEEN: Pulumi's Node SDK reads a number's beginning and drops the rest"
