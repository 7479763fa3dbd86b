package natslog

import (
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
	"sync"
)

// highestName names the file of a folder that has the highest sequences.
const highestName = "highest"

// highest is a file with the highest sequence that each stream of an embedded server has
// acknowledged, apart from their blocks: a store that ends before it has lost something.
// Each acknowledgement writes it without syncing it to the disk. After a power cut it may
// be behind the blocks, which makes the check weaker. It is ahead of them only if they have lost
// what SyncInterval allows.
type highest struct {
	mu               sync.Mutex
	file             *os.File
	entries, records uint64
}

// openHighest opens the file, and makes it if it is not there. One that cannot be read says
// nothing.
func openHighest(dir string) (*highest, error) {
	f, err := os.OpenFile(filepath.Join(dir, highestName), os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // the application chooses the folder
	if err != nil {
		return nil, err
	}
	h := &highest{file: f}
	var b [20]byte
	if n, _ := f.ReadAt(b[:], 0); n == len(b) && crc32.ChecksumIEEE(b[:16]) == binary.LittleEndian.Uint32(b[16:]) {
		h.entries, h.records = binary.LittleEndian.Uint64(b[:]), binary.LittleEndian.Uint64(b[8:])
	}
	return h, nil
}

// get returns the highest sequences.
func (h *highest) get() (entries, records uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.entries, h.records
}

// note raises them. What fails to be written is written with the next.
func (h *highest) note(entries, records uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if entries > h.entries || records > h.records {
		h.put(max(entries, h.entries), max(records, h.records))
	}
}

// reset sets them.
func (h *highest) reset(entries, records uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.put(entries, records)
}

func (h *highest) put(entries, records uint64) {
	h.entries, h.records = entries, records
	var b [20]byte
	binary.LittleEndian.PutUint64(b[:], entries)
	binary.LittleEndian.PutUint64(b[8:], records)
	binary.LittleEndian.PutUint32(b[16:], crc32.ChecksumIEEE(b[:16]))
	_, _ = h.file.WriteAt(b[:], 0)
}

// acknowledged notes what a stream has acknowledged.
func (e *embedded) acknowledged(ack pubAck) {
	switch {
	case e.highest == nil:
	case ack.Stream == e.options.Name:
		e.highest.note(ack.Seq, 0)
	default:
		e.highest.note(0, ack.Seq)
	}
}
