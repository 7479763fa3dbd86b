package main

import (
	"bytes"
	"unicode/utf8"
)

// scanLines finds every LF of the corpus and does nothing else. It reads from
// no reader: the bytes lie in memory.
func scanLines(c *corpus) int {
	events, start := 0, true
	for rest := c.input; ; {
		i := bytes.IndexByte(rest, '\n')
		if i < 0 {
			return events
		}
		// An empty line (one CR in it at most) ends an event.
		if i <= 1 && !start {
			events++
		}
		start = i <= 1
		rest = rest[i+1:]
	}
}

// scanRead is scanLines behind a reader: the bytes are copied into a buffer of
// 64 KiB first, as every parser but the plain one has to.
func scanRead(c *corpus) int {
	events, length := 0, -1 // length is that of the line so far; -1 between events
	r, buf := reader{rest: c.input, chunk: c.chunk}, make([]byte, 64<<10)
	for {
		n, err := r.Read(buf)
		if err != nil {
			return events
		}
		for rest := buf[:n]; len(rest) > 0; {
			i := bytes.IndexByte(rest, '\n')
			if i < 0 {
				length = max(length, 0) + len(rest)
				break
			}
			switch {
			case max(length, 0)+i > 1:
				length = 0
			case length >= 0:
				events++
				length = -1
			}
			rest = rest[i+1:]
		}
	}
}

// validate checks each line of the corpus as UTF-8, and does nothing but find
// the lines besides. It is for corpora of one large line an event.
func validate(c *corpus) int {
	events := 0
	size := len(c.input) / c.events
	for rest := c.input; len(rest) > 0; rest = rest[size:] {
		if utf8.Valid(rest[:size]) {
			events++
		}
	}
	return events
}
