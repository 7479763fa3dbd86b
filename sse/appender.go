package sse

import "strconv"

// Appender appends events that are known to be right, with ids that are numbers: a
// server writes an event to many readers, and checks it once. It writes what [Append]
// writes, at about the cost of copying it, because it remembers what two events in a
// row have in common: mostly the name, and all but the last digits of the id.
//
// The zero Appender is ready to use. It is not safe for concurrent use.
type Appender struct {
	name string
	head []byte // the block up to the data

	id   uint64
	tail [len(idField) + maxDigits + len("\n\n")]byte // what follows the data
	end  int                                          // of the tail
}

const (
	idField   = "\nid: "
	maxDigits = 20
)

// Append appends an event to dst as one block, and returns the extended slice. It
// does not check what [Append] refuses, and that the data is one line: anything else
// breaks the stream, and lets whoever made it say what the server never said.
func (a *Appender) Append(dst []byte, name string, data []byte, id uint64) []byte {
	if name != a.name || a.end == 0 {
		a.name = name
		a.head = append(appendHead(a.head[:0], &Event{Name: name}), "data: "...)
	}
	a.setID(id)
	dst = append(dst, a.head...)
	dst = append(dst, data...)
	return append(dst, a.tail[:a.end]...)
}

// setID makes the tail that of an id.
func (a *Appender) setID(id uint64) {
	if a.end >= len(idField)+len("00\n\n") {
		low := a.tail[a.end-len("00\n\n") : a.end-len("\n\n")]
		if last := uint64(low[0]-'0')*10 + uint64(low[1]-'0'); id-a.id < 100-last {
			last += id - a.id
			low[0], low[1] = byte('0'+last/10), byte('0'+last%10)
			a.id = id
			return
		}
	}
	a.id = id
	a.end = len(append(strconv.AppendUint(append(a.tail[:0], idField...), id, 10), "\n\n"...))
}
