package main

import (
	"testing"
	"time"
)

func TestOrderPutsLatelyFailedHostsLast(t *testing.T) {
	up := &upstreams{hosts: []string{"a", "b", "c"}, failed: map[string]time.Time{"b": time.Now(), "c": time.Now().Add(-time.Minute)}}
	for turn := 0; turn < 6; turn++ {
		order := up.order()
		if len(order) != 3 || order[2] != "b" {
			t.Errorf("turn %d: %v", turn, order)
		}
	}
}
