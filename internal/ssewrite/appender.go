// Package ssewrite puts what a server says on a stream into bytes: the events of its log, which
// are checked and only copied, and its own events and lines.
package ssewrite

import "strconv"

// Appender appends checked events with numeric ids. The log checks an event once, and the
// server writes it to many readers. An Appender writes the bytes that [sse.Append] writes, but
// keeps what two events in a row share: mostly the name, and all but the last two digits of
// the id.
//
// The zero Appender is ready to use. It is not safe for concurrent use.
//
// [sse.Append]: https://pkg.go.dev/github.com/mixstream/mixstream/sse#Append
type Appender struct {
	name string
	head []byte // the block up to the data

	ready   bool   // hundred and foot fit the last event
	hundred uint64 // the id without its last two digits
	foot    [len("\nid: 18446744073709551615\n\n")]byte
	end     int // the length of the foot
}

// Append appends an event to dst as one block, and returns the extended slice.
//
// It checks nothing. The name must have no CR or LF, and the data must be one line: anything
// else breaks the stream, and lets the author of the event speak for the server.
func (a *Appender) Append(dst []byte, name string, data []byte, id uint64) []byte {
	last := id - a.hundred
	if !a.ready || name != a.name || last >= 100 || id < a.hundred {
		a.prepare(name, id)
		last = id - a.hundred
	}
	dst = append(dst, a.head...)
	dst = append(dst, data...)
	dst = append(dst, a.foot[:a.end]...)
	if a.ready {
		digits := dst[len(dst)-len("00\n\n"):]
		digits[0], digits[1] = byte('0'+last/10), byte('0'+last%10) //nolint:gosec // last is less than 100
	}
	return dst
}

// prepare makes the head and the foot of an event.
func (a *Appender) prepare(name string, id uint64) {
	a.name, a.head = name, a.head[:0]
	if name != "" {
		a.head = append(append(append(a.head, "event: "...), name...), '\n')
	}
	a.head = append(a.head, "data: "...)
	foot := append(a.foot[:0], "\nid: "...)
	foot = append(strconv.AppendUint(foot, id, 10), "\n\n"...)
	a.hundred, a.end, a.ready = id-id%100, len(foot), id >= 100
}
