#!/usr/bin/env bash
# A YAML merge key wins over keys that stand above it (gopkg.in/yaml.v2)
#
# Versions:  Go modules gopkg.in/yaml.v2 v2.4.0, the reader that RKE v1 decodes cluster.yml with, and gopkg.in/yaml.v3 v3.0.1.
# Expected:  YAML's merge key says: a key of the mapping itself wins over the same key from `<<`, wherever `<<` stands.
# Behaviour: yaml.v2 applies `<<` at its place among the keys. What stands above it is overwritten by the merged value, what stands
#            below it wins. Unmarshal reports nothing (UnmarshalStrict refuses the first order). yaml.v3 reads both orders alike.
# Meets:     a cluster.yml with an anchor for what all nodes share: a node's own address or role is silently the anchor's,
#            depending on the line in which `<<` stands.
# Seen:      yaml.v2  << below: {node-1 shared}  << above: {node-1 own}
#            yaml.v3  << below: {node-1 own}  << above: {node-1 own}
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export GOFLAGS=-modcacherw GOMODCACHE=$work/modules GOTOOLCHAIN=local GOWORK=off

cat >main.go <<'GO'
package main

import (
	"fmt"
	"os"

	v2 "gopkg.in/yaml.v2"
	v3 "gopkg.in/yaml.v3"
)

type node struct {
	Address string
	User    string
}

type cluster struct {
	Shared node
	Node   node
}

const below = "shared: &shared {user: shared}\nnode:\n  address: node-1\n  user: own\n  <<: *shared\n"
const above = "shared: &shared {user: shared}\nnode:\n  <<: *shared\n  address: node-1\n  user: own\n"

// read decodes a text into a struct and into a map and returns what both say, or ends the program if they differ.
func read(decode func([]byte, interface{}) error, text string) string {
	var typed cluster
	var mapped map[string]map[string]string
	for _, into := range []interface{}{&typed, &mapped} {
		if err := decode([]byte(text), into); err != nil {
			fmt.Println("refused:", err)
			os.Exit(1)
		}
	}
	if typed.Node.User != mapped["node"]["user"] {
		fmt.Println("a struct and a map differ:", typed, mapped)
		os.Exit(1)
	}
	return fmt.Sprint(typed.Node)
}

func main() {
	fmt.Println("yaml.v2  << below:", read(v2.Unmarshal, below), " << above:", read(v2.Unmarshal, above))
	fmt.Println("yaml.v3  << below:", read(v3.Unmarshal, below), " << above:", read(v3.Unmarshal, above))
}
GO
timeout 120 go mod init finding 2>/dev/null
timeout 120 go get gopkg.in/yaml.v2@v2.4.0 gopkg.in/yaml.v3@v3.0.1 2>/dev/null
go list -m gopkg.in/yaml.v2 gopkg.in/yaml.v3
seen=$(timeout 300 go run .)
echo "$seen"
[[ $seen == *"yaml.v2  << below: {node-1 shared}  << above: {node-1 own}"* ]] || { echo "CHANGED: yaml.v2"; exit 1; }
[[ $seen == *"yaml.v3  << below: {node-1 own}  << above: {node-1 own}"* ]] || { echo "CHANGED: yaml.v3"; exit 1; }
echo "SEEN: in yaml.v2 a merge key wins over the keys above it; in yaml.v3 it doesn't"
