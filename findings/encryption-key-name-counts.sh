#!/usr/bin/env bash
# With encryption at rest, the same secret under another key name decrypts nothing
#
# Version:   Go modules k8s.io/apiserver and k8s.io/apimachinery v0.36.3: the functions by which kube-apiserver reads
#            --encryption-provider-config and decrypts what lies in etcd.
# Expected:  `name` in EncryptionConfiguration is a label for people; the secret decrypts.
# Behaviour: each stored value begins with provider and name (k8s:enc:aescbc:v1:key1:), and only a key of that name is tried. Under
#            another name the same secret gives "no matching key was found".
# Meets:     a control plane that is rebuilt from a snapshot and the secret out of a vault: the name must be kept with
#            it. A name that was made up anew is noticed at the first Secret that is read.
# Seen:      aescbc:    same name: read  another name: no matching key was found
#            aesgcm:    same name: read  another name: no matching key was found
#            secretbox: same name: read  another name: no matching key was found
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export CGO_ENABLED=0 GOFLAGS="-mod=mod -modcacherw -trimpath" GOMODCACHE=$work/modules GOTOOLCHAIN=local GOWORK=off

cat >main.go <<'GO'
package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/server/options/encryptionconfig"
	"k8s.io/apiserver/pkg/storage/value"
)

const path = "/registry/secrets/default/one"

// reader returns what a kube-apiserver reads Secrets with, given one key of this name; the secret is always the same.
func reader(ctx context.Context, provider, name string) value.Transformer {
	key := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32)))
	text := fmt.Sprintf(`apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
- resources: [secrets]
  providers:
  - %s: {keys: [{name: %s, secret: %s}]}
  - identity: {}
`, provider, name, key)
	if err := os.WriteFile("encryption.yaml", []byte(text), 0o600); err != nil {
		panic(err)
	}
	read, err := encryptionconfig.LoadEncryptionConfig(ctx, "encryption.yaml", false, "finding")
	if err != nil {
		panic(err)
	}
	return read.Transformers[schema.GroupResource{Resource: "secrets"}]
}

// result decrypts a value.
func result(ctx context.Context, by value.Transformer, stored []byte) string {
	text, _, err := by.TransformFromStorage(ctx, stored, value.DefaultContext(path))
	if err != nil {
		return strings.Split(err.Error(), " for the provided")[0]
	}
	if string(text) != "text" {
		return "another text"
	}
	return "read"
}

func main() {
	ctx := context.Background()
	for _, provider := range []string{"aescbc", "aesgcm", "secretbox"} {
		own := reader(ctx, provider, "key1")
		stored, err := own.TransformToStorage(ctx, []byte("text"), value.DefaultContext(path))
		if err != nil {
			panic(err)
		}
		fmt.Printf("%-11ssame name: %s  another name: %s\n", provider+":", result(ctx, own, stored),
			result(ctx, reader(ctx, provider, "key2"), stored))
	}
}
GO
go mod init finding 2>/dev/null
timeout 300 go get k8s.io/apiserver@v0.36.3 k8s.io/apimachinery@v0.36.3 2>log || { cat log; exit 1; }
go list -m k8s.io/apiserver
timeout 900 go build -o finding . 2>log || { cat log; exit 1; }
seen=$(timeout 60 ./finding 2>/dev/null)
echo "$seen"
none="no matching key was found"
expected="aescbc:    same name: read  another name: $none
aesgcm:    same name: read  another name: $none
secretbox: same name: read  another name: $none"
[[ $seen == "$expected" ]] || { echo "CHANGED: another result"; exit 1; }
echo "SEEN: the same secret under another name decrypts nothing"
