// Package health answers RKE's health checks.
package health

import (
	"fmt"
	"log"
	"net/http"
	"time"
)

// Serve answers /healthz on address for ever; check tells what is wrong, nil where nothing is. A port that is still in
// use (by what a restart replaces) is tried again.
func Serve(address string, check func() error) {
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) {
		if err := check(); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		fmt.Fprint(w, "ok")
	})
	for {
		log.Printf("healthz on %s: %v", address, http.ListenAndServe(address, mux))
		time.Sleep(time.Second)
	}
}

// Always is the check of a process that is well while it runs.
func Always() error { return nil }
