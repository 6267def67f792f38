package main

import (
	"flag"
	"reflect"
	"testing"
	"time"

	"rke-dr/stand-ins/images/internal/api"
)

func TestFirstFree(t *testing.T) {
	for _, c := range []struct {
		cidr  string
		taken map[string]string
		want  string
	}{
		{"10.42.3.0/24", nil, "10.42.3.2"},
		{"10.42.3.0/24", map[string]string{"u": "10.42.3.2"}, "10.42.3.3"},
		{"", nil, "10.42.255.2"},
	} {
		if got := firstFree(c.cidr, c.taken); got != c.want {
			t.Errorf("%s: %s, want %s", c.cidr, got, c.want)
		}
	}
}

func TestOnlyKnownArguments(t *testing.T) {
	flags := flag.NewFlagSet("x", flag.ContinueOnError)
	flags.String("node-ip", "", "")
	got := only(flags, []string{"--node-ip=10.0.0.1", "--cgroups-per-qos=true", "--v"})
	if !reflect.DeepEqual(got, []string{"--node-ip=10.0.0.1"}) {
		t.Error(got)
	}
}

// A Node that stays ready keeps the time since when it is; one that wasn't gets a new one.
func TestReadySince(t *testing.T) {
	const before = "2026-01-01T00:00:00Z"
	for _, c := range []struct {
		was  string
		kept bool
	}{{"True", true}, {"Unknown", false}} {
		node := api.Object{"status": api.Object{"conditions": []any{
			api.Object{"type": "Ready", "status": c.was, "lastTransitionTime": before},
		}}}
		conditions := (&kubelet{}).status(node)["conditions"].([]api.Object)
		ready := conditions[len(conditions)-1]
		if ready["type"] != "Ready" || ready["status"] != "True" || (ready["lastTransitionTime"] == before) != c.kept {
			t.Errorf("%s: %v", c.was, ready)
		}
		if _, err := time.Parse(time.RFC3339, ready["lastHeartbeatTime"].(string)); err != nil {
			t.Error(err)
		}
	}
}
