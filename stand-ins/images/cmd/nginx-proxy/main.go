// nginx-proxy of the lab: a stand-in for the nginx that RKE runs on workers. Forwards 127.0.0.1:6443 to the control plane
// hosts in CP_HOSTS, in turn; a host that didn't answer is left out for a while, as nginx does.
package main

import (
	"io"
	"log"
	"net"
	"os"
	"strings"
	"sync"
	"time"
)

const (
	listenAddress  = "127.0.0.1:6443"
	connectTimeout = 2 * time.Second
	failTimeout    = 10 * time.Second
	idleTimeout    = 10 * time.Minute
)

type upstreams struct {
	mu     sync.Mutex
	hosts  []string
	failed map[string]time.Time
	turn   int
}

// order gives all hosts, those that failed lately last.
func (u *upstreams) order() []string {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.turn++
	var good, bad []string
	for i := range u.hosts {
		host := u.hosts[(u.turn+i)%len(u.hosts)]
		if time.Since(u.failed[host]) < failTimeout {
			bad = append(bad, host)
		} else {
			good = append(good, host)
		}
	}
	return append(good, bad...)
}

func (u *upstreams) dial() (net.Conn, error) {
	var last error
	for _, host := range u.order() {
		conn, err := net.DialTimeout("tcp", net.JoinHostPort(host, "6443"), connectTimeout)
		if err == nil {
			return conn, nil
		}
		last = err
		u.mu.Lock()
		u.failed[host] = time.Now()
		u.mu.Unlock()
	}
	return nil, last
}

func main() {
	log.Print("nginx-proxy: STAND-IN of the lab, not nginx: forwards ", listenAddress, " to ", os.Getenv("CP_HOSTS"))
	hosts := strings.FieldsFunc(os.Getenv("CP_HOSTS"), func(r rune) bool { return r == ',' })
	if len(hosts) == 0 {
		log.Fatal("CP_HOSTS: must name a control plane host, is empty")
	}
	up := &upstreams{hosts: hosts, failed: map[string]time.Time{}}
	listener, err := net.Listen("tcp", listenAddress)
	if err != nil {
		log.Fatal(err)
	}
	for {
		client, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go forward(client, up)
	}
}

func forward(client net.Conn, up *upstreams) {
	defer client.Close()
	server, err := up.dial()
	if err != nil {
		log.Print("no control plane host answers: ", err)
		return
	}
	defer server.Close()
	done := make(chan struct{}, 2)
	pipe := func(to, from net.Conn) {
		buffer := make([]byte, 32*1024)
		for {
			from.SetReadDeadline(time.Now().Add(idleTimeout))
			n, err := from.Read(buffer)
			if n > 0 {
				if _, werr := to.Write(buffer[:n]); werr != nil {
					break
				}
			}
			if err != nil {
				if err == io.EOF {
					to.(*net.TCPConn).CloseWrite()
				}
				break
			}
		}
		done <- struct{}{}
	}
	go pipe(server, client)
	pipe(client, server)
	<-done
}
