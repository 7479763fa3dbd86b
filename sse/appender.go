package sse

import "strconv"

// Appender appends events that are known to be right, with ids that are numbers: a
// server writes an event to many readers, and checks it once. It writes what [Append]
// writes, at about the cost of copying it, because it remembers what two events in a
// row have in common: mostly the name, and all but the last two digits of the id.
//
// The zero Appender is ready to use. It is not safe for concurrent use.
type Appender struct {
	name string
	head []byte // the block up to the data

	ready   bool   // what follows can be used again
	hundred uint64 // the id without its last two digits
	tail    [len("\nid: 18446744073709551615\n\n")]byte
	end     int // of the tail
}

// Append appends an event to dst as one block, and returns the extended slice. It
// does not check what [Append] refuses, and that the data is one line: anything else
// breaks the stream, and lets whoever made it say what the server never said.
func (a *Appender) Append(dst []byte, name string, data []byte, id uint64) []byte {
	last := id - a.hundred
	if !a.ready || name != a.name || last >= 100 || id < a.hundred {
		a.prepare(name, id)
		last = id - a.hundred
	}
	dst = append(dst, a.head...)
	dst = append(dst, data...)
	dst = append(dst, a.tail[:a.end]...)
	if a.ready {
		digits := dst[len(dst)-len("00\n\n"):]
		digits[0], digits[1] = byte('0'+last/10), byte('0'+last%10) //nolint:gosec // last is less than 100
	}
	return dst
}

// prepare makes the head and the tail of an event.
func (a *Appender) prepare(name string, id uint64) {
	a.name = name
	a.head = append(appendHead(a.head[:0], &Event{Name: name}), "data: "...)
	tail := append(a.tail[:0], "\nid: "...)
	tail = append(strconv.AppendUint(tail, id, 10), "\n\n"...)
	a.hundred, a.end, a.ready = id-id%100, len(tail), id >= 100
}
