package ingest

import "github.com/mixstream/mixstream/eventlog"

// What a batch holds at most before it is appended.
const (
	maxBatch      = 256
	maxBatchBytes = 256 << 10
)

// batch holds the events that have come and that the log does not have yet.
type batch struct {
	entries  []eventlog.Entry
	done     []func(id uint64, err error) // of the entries; empty if nobody is told
	size     int                          // of the data, in bytes
	oneByOne bool                         // the log refuses one of the entries for its size
}

// add adds an event.
func (b *batch) add(c Checked) {
	b.entries = append(b.entries, c.Entry)
	b.size += len(c.Entry.Data)
	if c.Done != nil {
		b.done = append(b.done, c.Done)
	}
}

func (b *batch) full() bool { return len(b.entries) >= maxBatch || b.size >= maxBatchBytes }

// next returns the entries that are to be appended together.
func (b *batch) next() []eventlog.Entry {
	if b.oneByOne {
		return b.entries[:min(1, len(b.entries))]
	}
	return b.entries
}

// take removes the first n entries, which are in the log if err is nil.
func (b *batch) take(n int, err error) {
	for i := range min(n, len(b.done)) {
		b.done[i](b.entries[i].ID, err)
	}
	for i := range n {
		b.size -= len(b.entries[i].Data)
	}
	b.entries = b.entries[:copy(b.entries, b.entries[n:])]
	if len(b.done) > 0 {
		b.done = b.done[:copy(b.done, b.done[n:])]
	}
	b.oneByOne = b.oneByOne && len(b.entries) > 0
}

// abandon gives up all entries.
func (b *batch) abandon(err error) {
	for _, done := range b.done {
		done(0, err)
	}
}
