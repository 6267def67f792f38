// Relay passes Ethernet frames between two interfaces. Those that come in at INSIDE leave at OUTSIDE late by a given time,
// in their order; those the other way leave at once. Says "ready" when it does.
//
//	relay INSIDE OUTSIDE MILLISECONDS
package main

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"syscall"
	"time"
)

const (
	solPacket     = 263
	packetVnetHdr = 15
	// Frames that wait at most; what comes beyond is lost, as on a link whose buffer is full.
	limit = 100_000
	// A frame before its segmentation is as long as IP allows, and carries a header for that.
	longest = 10 + 14 + 65_535 + 512
)

type late struct {
	due   time.Time
	frame []byte
}

func main() {
	if len(os.Args) != 4 {
		fail(fmt.Errorf("usage: relay INSIDE OUTSIDE MILLISECONDS"))
	}
	milliseconds, err := strconv.Atoi(os.Args[3])
	fail(err)
	inside, outside := open(os.Args[1]), open(os.Args[2])
	fmt.Println("ready")
	waiting := make(chan late, limit)
	go func() {
		for one := range waiting {
			time.Sleep(time.Until(one.due))
			send(outside, one.frame)
		}
	}()
	go receive(outside, func(frame []byte) { send(inside, frame) })
	receive(inside, func(frame []byte) {
		one := late{time.Now().Add(time.Duration(milliseconds) * time.Millisecond), append([]byte(nil), frame...)}
		select {
		case waiting <- one:
		default:
		}
	})
}

// open gives a socket for whole frames, each with the header that says what of checksum and segmentation is still to do.
func open(name string) int {
	card, err := net.InterfaceByName(name)
	fail(err)
	const all = syscall.ETH_P_ALL<<8&0xff00 | syscall.ETH_P_ALL>>8
	socket, err := syscall.Socket(syscall.AF_PACKET, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC, all)
	fail(err)
	fail(syscall.SetsockoptInt(socket, solPacket, packetVnetHdr, 1))
	fail(syscall.SetsockoptInt(socket, syscall.SOL_SOCKET, syscall.SO_RCVBUFFORCE, 16<<20))
	fail(syscall.Bind(socket, &syscall.SockaddrLinklayer{Protocol: all, Ifindex: card.Index}))
	return socket
}

func receive(socket int, handle func([]byte)) {
	buffer := make([]byte, longest)
	for {
		n, from, err := syscall.Recvfrom(socket, buffer, 0)
		if err != nil {
			continue // the interface went down, which is said once
		}
		if link, ok := from.(*syscall.SockaddrLinklayer); ok && link.Pkttype != syscall.PACKET_OUTGOING {
			handle(buffer[:n])
		}
	}
}

// send loses the frame where it can't be sent: a link that is cut does no less.
func send(socket int, frame []byte) {
	_, _ = syscall.Write(socket, frame)
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "relay:", err)
		os.Exit(1)
	}
}
