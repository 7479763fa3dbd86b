package natslog

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/minio/highwayhash"
)

// damageError says that a store has lost what it had acknowledged.
type damageError struct{ what string }

func (e damageError) Error() string { return "the store is damaged: " + e.what }

// What nats-server writes for a message: its length, its sequence, its time and the length
// of its subject, in little endian; the subject; the length of its headers, if it has any;
// its headers and its data; and a checksum of all but the lengths.
const (
	headSize    = 4 + 8 + 8 + 2
	sumSize     = 8
	headersFlag = 1 << 31 // in the length
	seqFlags    = 3 << 62 // of what was erased or deleted
)

// scanTold is how often the logger is told how far a scan has got.
const scanTold = 5 * time.Second

// blocks returns the folder of a stream's blocks.
func blocks(dir, stream string) string {
	return filepath.Join(dir, storeName, "$G", "streams", stream, "msgs")
}

// scan reads the blocks of a stream of an embedded server, and returns a damageError for
// one that does not have what was written to it. nats-server checks a message
// only when it reads it, and drops the rest of the block then. The last write may not have
// been finished, if it was after what was acknowledged.
func (e *embedded) scan(ctx context.Context, stream string, acknowledged uint64) error {
	msgs := blocks(e.options.Dir, stream)
	names, err := os.ReadDir(msgs)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var numbers []int
	for _, name := range names {
		var n int
		if _, err := fmt.Sscanf(name.Name(), "%d.blk", &n); err == nil && name.Name() == fmt.Sprintf("%d.blk", n) {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	var last uint64
	told := time.Now()
	for i, n := range numbers {
		if err := ctx.Err(); err != nil {
			return err
		}
		if time.Since(told) > scanTold {
			told = time.Now()
			e.options.Logger.Info("natslog: the blocks of a stream are compared with their checksums", "stream", stream, "done", i, "of", len(numbers))
		}
		path := filepath.Join(msgs, fmt.Sprintf("%d.blk", n))
		data, err := os.ReadFile(path) //nolint:gosec // it is of the application's folder
		if errors.Is(err, fs.ErrNotExist) {
			continue // trimmed meanwhile
		}
		if err != nil {
			return err
		}
		good, err := scanBlock(data, fmt.Sprintf("%s-%d", stream, n), &last)
		if err != nil && (i < len(numbers)-1 || last < acknowledged) {
			return damageError{fmt.Sprintf("%s at byte %d, after message %d: %v", path, good, last, err)}
		}
	}
	return nil
}

// scanBlock returns how many bytes of a block are as they were written, and notes the highest
// sequence in them.
func scanBlock(data []byte, name string, last *uint64) (good int, err error) {
	key := sha256.Sum256([]byte(name))
	sum, err := highwayhash.New64(key[:])
	if err != nil {
		return 0, err
	}
	for le := binary.LittleEndian; good < len(data); {
		rest := data[good:]
		if len(rest) < headSize {
			return good, errors.New("cut off")
		}
		length, subject := le.Uint32(rest), int(le.Uint16(rest[headSize-2:]))
		size, body := int(length&^headersFlag), headSize+subject
		if length&headersFlag != 0 {
			body += 4
		}
		if size > len(rest) || body+sumSize > size {
			return good, errors.New("cut off, or a wrong length")
		}
		sum.Reset()
		_, _ = sum.Write(rest[4 : headSize-2])
		_, _ = sum.Write(rest[headSize : headSize+subject])
		_, _ = sum.Write(rest[body : size-sumSize])
		if !bytes.Equal(sum.Sum(nil), rest[size-sumSize:size]) {
			return good, errors.New("wrong checksum")
		}
		if content := rest[body : size-sumSize]; length&headersFlag != 0 {
			headers := le.Uint32(rest[body-4:])
			if int64(headers) > int64(len(content)) || !bytes.HasPrefix(content, []byte("NATS/1.0")) || !bytes.HasSuffix(content[:headers], []byte("\r\n\r\n")) {
				return good, errors.New("wrong headers")
			}
		}
		*last = max(*last, le.Uint64(rest[4:])&^seqFlags)
		good += size
	}
	return good, nil
}
