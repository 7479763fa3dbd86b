package natslog

import (
	"sync/atomic"
	"time"
)

// identity tells a log's streams from others of the same names, which an operator may
// have made in their place. Its copy in the stream of the records is for processes that
// open the log later.
type identity struct {
	Entries time.Time `json:"entries"` // when the stream was made
	Records time.Time `json:"records"`
}

func (i identity) equal(other identity) bool {
	return i.Entries.Equal(other.Entries) && i.Records.Equal(other.Records)
}

// firstSequence returns the first sequence of streams that replace others: the time
// when the later one was made.
func (i identity) firstSequence() uint64 {
	later := i.Entries
	if i.Records.After(later) {
		later = i.Records
	}
	return uint64(max(later.UnixMicro(), 0))
}

// knownStreams is what a process knows of the streams of its log.
type knownStreams struct {
	identity atomic.Pointer[identity]
	pinned   atomic.Bool   // the identity is stored
	trusted  atomic.Bool   // any streams will do, since they are being copied
	start    atomic.Uint64 // the position before the first entry that the log ever had
	high     atomic.Uint64 // the highest sequence that was stored, as far as is known
	sure     atomic.Uint64 // a sequence that the stream of the log has certainly had
	behind   atomic.Int64  // since when the stream ends before high, in Unix nanoseconds; 0: it does not
	epoch    atomic.Uint64 // counts the streams that were adopted
}

// begin makes these streams those of the log. Positions up to start count as gone, and
// the entries end at last.
func (k *knownStreams) begin(i identity, start, last uint64) {
	k.identity.Store(&i)
	k.start.Store(start)
	k.high.Store(max(last, start))
	k.sure.Store(k.high.Load())
	k.behind.Store(0)
	k.epoch.Add(1)
}

// noteStored notes that the stream of the entries has stored a sequence.
func (k *knownStreams) noteStored(seq uint64) {
	for high := k.high.Load(); seq > high && !k.high.CompareAndSwap(high, seq); high = k.high.Load() {
	}
}
