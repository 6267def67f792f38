package main

import (
	"reflect"
	"testing"
)

func TestFilter(t *testing.T) {
	k := parseKnown("flag etcd-servers\nflag enable-admission-plugins\nflag feature-gates\nflag cloud-provider\nplugin Priority\n")
	for _, c := range []struct {
		name          string
		args          []string
		kept, dropped []string
	}{
		{"a known flag stays", []string{"--etcd-servers=https://a:2379"}, []string{"--etcd-servers=https://a:2379"}, nil},
		{"an unknown flag goes", []string{"--insecure-port=0"}, nil, []string{"--insecure-port=0"}},
		{"old gates go", []string{"--feature-gates=A=false"}, nil, []string{"--feature-gates=A=false"}},
		{"no cloud provider goes", []string{"--cloud-provider="}, nil, []string{"--cloud-provider="}},
		{"a cloud provider stays", []string{"--cloud-provider=external"}, []string{"--cloud-provider=external"}, nil},
		{"plugins one by one", []string{"--enable-admission-plugins=Priority,Gone"}, []string{"--enable-admission-plugins=Priority"}, []string{"admission plugin Gone"}},
	} {
		kept, dropped := filter(c.args, k)
		if !reflect.DeepEqual(kept, c.kept) || !reflect.DeepEqual(dropped, c.dropped) {
			t.Errorf("%s: kept %q, dropped %q", c.name, kept, dropped)
		}
	}
}
