package main

import "testing"

func TestFileName(t *testing.T) {
	for key, want := range map[string]string{
		"KUBE_CA":                         "kube-ca.pem",
		"KUBE_ETCD_192_168_31_103_KEY":    "kube-etcd-192-168-31-103-key.pem",
		"KUBECFG_KUBE_CONTROLLER_MANAGER": "kubecfg-kube-controller-manager.yaml",
		"PATH":                            "",
	} {
		if got := fileName(key); got != want {
			t.Errorf("%s: %q, want %q", key, got, want)
		}
	}
}
