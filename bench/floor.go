package main

import (
	"bytes"
	"unicode/utf8"
)

// scanLines finds every LF of the corpus and does nothing else. The bytes are in memory; it
// uses no reader.
func scanLines(c *corpus) int {
	events, start := 0, true
	for rest := c.input; ; {
		i := bytes.IndexByte(rest, '\n')
		if i < 0 {
			return events
		}
		// An empty line, with at most a CR in it, ends an event.
		if i <= 1 && !start {
			events++
		}
		start = i <= 1
		rest = rest[i+1:]
	}
}

// scanRead is scanLines behind a reader: it first copies the bytes into a buffer of 64 KiB, as
// every parser except the plain one must.
func scanRead(c *corpus) int {
	events, length := 0, -1 // length is the length of the line so far; -1 between events
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

// scanDuty reads the corpus and does the minimum of a decoder with each byte: it searches for
// LF and for CR, and checks UTF-8. It is for corpora with one large line an event, which it
// does not parse.
func scanDuty(c *corpus) int {
	r, buf := reader{rest: c.input, chunk: c.chunk}, make([]byte, 64<<10)
	total, duty := 0, true
	for {
		n, err := r.Read(buf)
		if err != nil {
			break
		}
		whole := buf[:n] // from the first character that begins in it
		for len(whole) > 0 && !utf8.RuneStart(whole[0]) {
			whole = whole[1:]
		}
		cut := len(whole) > 0 && whole[len(whole)-1] >= utf8.RuneSelf
		duty = bytes.IndexByte(whole, '\r') < 0 && (utf8.Valid(whole) || cut) && duty
		for rest := buf[:n]; len(rest) > 0; {
			i := bytes.IndexByte(rest, '\n')
			if i < 0 {
				i = len(rest) - 1
			}
			rest = rest[i+1:]
		}
		total += n
	}
	if !duty {
		return -1
	}
	return total / (len(c.input) / c.events)
}

// validate checks each line of the corpus as UTF-8, and otherwise only finds the lines. It is
// for corpora with one large line an event.
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
