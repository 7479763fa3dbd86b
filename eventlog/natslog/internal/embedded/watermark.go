package embedded

import (
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
	"sync"
)

// watermarkName names the file of the watermark in the folder of a log.
const watermarkName = "highest"

// watermark is a file with the highest sequence that each stream has acknowledged. It
// is apart from their blocks: a store that ends before it has lost something.
//
// Each acknowledgement writes the file without a sync. After a power cut it may be
// behind the blocks, which makes the check weaker. It is ahead of them only if they
// have lost what Config.SyncInterval allows.
type watermark struct {
	file *os.File

	mu               sync.Mutex // guards the fields below
	entries, records uint64
}

// openWatermark opens the file, and makes it if it is missing. An unreadable file
// counts as zero.
func openWatermark(dir string) (*watermark, error) {
	f, err := os.OpenFile(filepath.Join(dir, watermarkName), os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // the application chooses the folder
	if err != nil {
		return nil, err
	}
	w := &watermark{file: f}
	var b [20]byte
	if n, _ := f.ReadAt(b[:], 0); n == len(b) && crc32.ChecksumIEEE(b[:16]) == binary.LittleEndian.Uint32(b[16:]) {
		w.entries, w.records = binary.LittleEndian.Uint64(b[:]), binary.LittleEndian.Uint64(b[8:])
	}
	return w, nil
}

// level returns the highest sequences.
func (w *watermark) level() (entries, records uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.entries, w.records
}

// rise raises the sequences to at least these. If a write fails, the next one makes
// up for it.
func (w *watermark) rise(entries, records uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if entries > w.entries || records > w.records {
		w.write(max(entries, w.entries), max(records, w.records))
	}
}

// reset sets both sequences to zero.
func (w *watermark) reset() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.write(0, 0)
}

func (w *watermark) write(entries, records uint64) {
	w.entries, w.records = entries, records
	var b [20]byte
	binary.LittleEndian.PutUint64(b[:], entries)
	binary.LittleEndian.PutUint64(b[8:], records)
	binary.LittleEndian.PutUint32(b[16:], crc32.ChecksumIEEE(b[:16]))
	_, _ = w.file.WriteAt(b[:], 0)
}

// NoteAcknowledged remembers that a stream has acknowledged a sequence.
func (s *Server) NoteAcknowledged(stream string, seq uint64) {
	switch {
	case s.watermark == nil:
	case stream == s.config.Entries:
		s.watermark.rise(seq, 0)
	default:
		s.watermark.rise(0, seq)
	}
}

// Acknowledged returns the highest sequence that each stream has acknowledged. Known
// is false with Config.Within.
func (s *Server) Acknowledged() (entries, records uint64, known bool) {
	if s.watermark == nil {
		return 0, 0, false
	}
	entries, records = s.watermark.level()
	return entries, records, true
}
