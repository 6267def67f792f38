#!/usr/bin/env bash
# Host names such as e1 and e2 are read as NaN, and two of them as keys become one (npm's yaml, schema YAML 1.1)
#
# Versions:  npm yaml 2.9.1 on Node; PyPI PyYAML 6.0.2 as another reader of YAML 1.1.
# Expected:  `e1` is a text: a float of YAML 1.1 needs a digit (and its dot) before the exponent. PyYAML reads a text, as do Go's readers.
# Behaviour: with {version: "1.1"} a plain scalar of e or E and digits is NaN. Two such keys of one mapping become one key, the text
#            "NaN", with the last one's value. `uniqueKeys`, on by default, sees no duplicate: no error, no warning. In the default schema
#            (1.2 core) they are texts.
# Meets:     a program in TypeScript that asks for YAML 1.1 in order to read a file as RKE or kubeadm do.
# Seen:      yaml 1.1: names=[NaN,NaN] keys=["NaN"] address=10.0.0.2 errors=0 warnings=0
#            yaml 1.2: names=["e1","e2"] keys=["e1","e2"] errors=0 warnings=0
#            PyYAML:   names=['e1', 'e2'] keys=['e1', 'e2']
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

timeout 120 npm install --silent --no-audit --no-fund --prefix "$work" yaml@2.9.1
python3 -m venv venv
timeout 120 venv/bin/pip install --quiet --disable-pip-version-check PyYAML==6.0.2

cat >hosts.yml <<'YAML'
names: [e1, e2]
hosts:
  e1: {address: 10.0.0.1}
  e2: {address: 10.0.0.2}
YAML
cat >read.js <<'JS'
const { parseDocument } = require("yaml");
const text = require("node:fs").readFileSync("hosts.yml", "utf8");
const shown = (name) => (typeof name === "number" ? String(name) : JSON.stringify(name));
for (const version of ["1.1", "1.2"]) {
  const document = parseDocument(text, { version });
  const { names, hosts } = document.toJS();
  const address = "NaN" in hosts ? ` address=${hosts.NaN.address}` : "";
  const told = `errors=${document.errors.length} warnings=${document.warnings.length}`;
  console.log(`yaml ${version}: names=[${names.map(shown)}] keys=${JSON.stringify(Object.keys(hosts))}${address} ${told}`);
}
JS
cat >read.py <<'PY'
import yaml
read = yaml.safe_load(open("hosts.yml"))
print(f"PyYAML:   names={read['names']} keys={list(read['hosts'])}")
PY
echo "yaml $(node -p 'require("yaml/package.json").version'), PyYAML $(venv/bin/python -c 'import yaml; print(yaml.__version__)')"
seen=$(timeout 60 node read.js; timeout 60 venv/bin/python read.py)
echo "$seen"
expected='yaml 1.1: names=[NaN,NaN] keys=["NaN"] address=10.0.0.2 errors=0 warnings=0
yaml 1.2: names=["e1","e2"] keys=["e1","e2"] errors=0 warnings=0
PyYAML:   names=['"'e1', 'e2'"'] keys=['"'e1', 'e2'"']'
[[ $seen == "$expected" ]] || { echo "CHANGED: another reading"; exit 1; }
echo "SEEN: npm's yaml reads host names e1 and e2 as NaN in YAML 1.1, and keeps one of the two hosts"
