package main

import (
	"bytes"
	"math/rand/v2"
	"net/http"
	"sync"
)

// cutter decides, for the proxy between client and server, where a connection is
// cut: always strictly inside a block.
type cutter struct {
	mu    sync.Mutex
	cuts  int    // that are still to be made
	wait  int    // blocks until the next
	fault string // drop, double or swap one event, to show that it would be noticed
	held  []byte // the block that is being swapped
}

// block is what the proxy does with each block.
func (c *cutter) block(_ *http.Request, block []byte) (forward []byte, cut bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held != nil {
		block, c.held = append(block, c.held...), nil
		return block, false
	}
	if c.fault != "" && bytes.HasPrefix(block, []byte("event: content\n")) {
		fault := c.fault
		c.fault = ""
		switch fault {
		case "drop":
			return nil, false
		case "double":
			return append(block, block...), false
		case "swap":
			c.held = bytes.Clone(block)
			return nil, false
		}
	}
	// The block that ends the session is held up until all cuts are made: each of
	// them cuts it again.
	last := bytes.HasPrefix(block, []byte("event: session_deleted\n"))
	if c.wait--; c.cuts == 0 || c.wait > 0 && !last {
		return block, false
	}
	c.cuts--
	c.wait = 2 + rand.IntN(9)
	return block[:1+rand.IntN(len(block)-1)], true
}
