package embedded

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/minio/highwayhash"
)

// DamageError says that a store has lost what it had acknowledged.
type DamageError struct {
	// What says what is damaged, and where.
	What string
}

func (e DamageError) Error() string { return "the store is damaged: " + e.What }

// nats-server writes a message as its length, its sequence, its time and the length of
// its subject, in little endian; the subject; the length of its headers, if it has any;
// its headers and its data; and a checksum over all but the lengths.
const (
	headSize    = 4 + 8 + 8 + 2
	sumSize     = 8
	headersFlag = 1 << 31 // in the length
	seqFlags    = 3 << 62 // in the sequence of an erased or deleted message
)

// progressEvery is how often the logger is told how far the check of a stream is.
const progressEvery = 5 * time.Second

// blocksDir returns the folder of a stream's blocks.
func blocksDir(dir, stream string) string {
	return filepath.Join(dir, storeName, "$G", "streams", stream, "msgs")
}

// checkBlocks reads the blocks of a stream, and returns a DamageError for one that
// does not have what was written to it. nats-server checks a message only when it reads
// it, and then drops the rest of the block. The last write may be unfinished if nothing
// acknowledged comes after it.
func (s *Server) checkBlocks(ctx context.Context, stream string, acknowledged uint64) error {
	msgs := blocksDir(s.config.Dir, stream)
	numbers, err := blockNumbers(msgs)
	if err != nil {
		return err
	}
	var last uint64
	reported := time.Now()
	for i, n := range numbers {
		if err := ctx.Err(); err != nil {
			return err
		}
		if time.Since(reported) > progressEvery {
			reported = time.Now()
			s.config.Logger.Info("natslog: the blocks of a stream are compared with their checksums", "stream", stream, "done", i, "of", len(numbers))
		}
		path := filepath.Join(msgs, fmt.Sprintf("%d.blk", n))
		data, err := os.ReadFile(path) //nolint:gosec // it is in the application's folder
		if errors.Is(err, fs.ErrNotExist) {
			continue // trimmed meanwhile
		}
		if err != nil {
			return err
		}
		good, err := checkBlock(data, fmt.Sprintf("%s-%d", stream, n), &last)
		if err != nil && (i < len(numbers)-1 || last < acknowledged) {
			return DamageError{fmt.Sprintf("%s at byte %d, after message %d: %v", path, good, last, err)}
		}
	}
	return nil
}

// blockNumbers returns the numbers of the blocks in a folder, in their order.
func blockNumbers(dir string) (numbers []int, err error) {
	names, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, name := range names {
		var n int
		if _, err := fmt.Sscanf(name.Name(), "%d.blk", &n); err == nil && name.Name() == fmt.Sprintf("%d.blk", n) {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	return numbers, err
}

// checkBlock returns how many bytes of a block are as they were written, and raises
// last to the highest sequence in them.
func checkBlock(data []byte, name string, last *uint64) (good int, err error) {
	key := sha256.Sum256([]byte(name))
	sum, err := highwayhash.New64(key[:])
	if err != nil {
		return 0, err
	}
	for good < len(data) {
		size, seq, err := checkMessage(data[good:], sum)
		if err != nil {
			return good, err
		}
		*last = max(*last, seq)
		good += size
	}
	return good, nil
}

// checkMessage checks the message at the beginning of data, and returns its size and
// sequence.
func checkMessage(data []byte, sum hash.Hash) (size int, seq uint64, err error) {
	le := binary.LittleEndian
	if len(data) < headSize {
		return 0, 0, errors.New("cut off")
	}
	length, subject := le.Uint32(data), int(le.Uint16(data[headSize-2:]))
	size, body := int(length&^headersFlag), headSize+subject
	if length&headersFlag != 0 {
		body += 4
	}
	if size > len(data) || body+sumSize > size {
		return 0, 0, errors.New("cut off, or a wrong length")
	}
	content := data[body : size-sumSize]
	sum.Reset()
	_, _ = sum.Write(data[4 : headSize-2])
	_, _ = sum.Write(data[headSize : headSize+subject])
	_, _ = sum.Write(content)
	if !bytes.Equal(sum.Sum(nil), data[size-sumSize:size]) {
		return 0, 0, errors.New("wrong checksum")
	}
	if length&headersFlag != 0 {
		headers := le.Uint32(data[body-4:])
		if int64(headers) > int64(len(content)) || !bytes.HasPrefix(content, []byte("NATS/1.0")) || !bytes.HasSuffix(content[:headers], []byte("\r\n\r\n")) {
			return 0, 0, errors.New("wrong headers")
		}
	}
	return size, le.Uint64(data[4:]) &^ seqFlags, nil
}
