package main

import (
	"bytes"
	"math/rand/v2"
	"net/http"
	"sync"
)

// disruptor decides where the proxy between client and server cuts a connection: always within a
// block.
type disruptor struct {
	mu    sync.Mutex
	cuts  int    // how many cuts remain
	wait  int    // blocks until the next cut
	fault string // drop, double or swap one event, to show that the demonstration notices it
	held  []byte // the first of two blocks to swap
}

// block decides what the proxy does with a block.
func (d *disruptor) block(_ *http.Request, block []byte) (forward []byte, cut bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.held != nil {
		block, d.held = append(block, d.held...), nil
		return block, false
	}
	if d.fault != "" && bytes.HasPrefix(block, []byte("event: content\n")) {
		fault := d.fault
		d.fault = ""
		switch fault {
		case "drop":
			return nil, false
		case "double":
			return append(block, block...), false
		case "swap":
			d.held = bytes.Clone(block)
			return nil, false
		}
	}
	// The block that ends the session must wait until all cuts are made: each of them cuts it
	// again.
	last := bytes.HasPrefix(block, []byte("event: session_deleted\n"))
	if d.wait--; d.cuts == 0 || d.wait > 0 && !last {
		return block, false
	}
	d.cuts--
	d.wait = 2 + rand.IntN(9)
	return block[:1+rand.IntN(len(block)-1)], true
}
