package eventlog

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/mixstream/mixstream/internal/excerpt"
)

// KeyLife is the shortest time for which a log honours a deduplication key after the
// last Append under it.
const KeyLife = 3 * time.Minute

// Errors of an Append with a key. Neither adds an entry.
var (
	// ErrKeyReused says that the key stands for other entries than the caller expects.
	// The error is a *KeyError.
	ErrKeyReused = errors.New("eventlog: deduplication key reused for other entries")
	// ErrKeyForgotten says that entries were appended under the key, and that the log no
	// longer knows it. It wraps ErrOutcomeUnknown: another call may have appended these
	// entries before the key was forgotten.
	ErrKeyForgotten = fmt.Errorf("eventlog: deduplication key forgotten: %w", ErrOutcomeUnknown)
)

// Key makes it safe to repeat appends to one session. It is a cursor: Append adds
// entries only behind what the cursor knows, and moves it.
//
// To append some entries exactly once, whatever fails in between, call Append with a new
// Key of the same name each time:
//
//	err := log.Append(ctx, session, &eventlog.Key{Name: "turn-7", Close: true}, entries)
//
// To append in several pieces, use one Key for all of them. A caller that does not know
// how far an earlier one got starts with a new Key; the *KeyError of its first Append
// says how far.
type Key struct {
	// Name names the key within the session. It must not be empty.
	Name string
	// Appended is what the caller expects to be in the log under the key: nothing, at
	// first. A successful Append updates it.
	Appended Appended
	// Close makes the next Append the last one under the key.
	Close bool
}

// Appended is what a log knows of a key: everything that was appended under it.
type Appended struct {
	Count       int    // how many entries
	First, Last uint64 // the ids of the first and the last entry
	Piece       int    // how many entries came with the last Append; they stand together
	Digest      Digest // of all entries, in their order
	Closed      bool   // the key takes no more entries
	// Revision is for the log, which may store there where it keeps the key.
	Revision uint64
}

// Digest is a SHA-256 over the names and data of a sequence of entries. It does not
// depend on how the sequence is cut into pieces. The zero Digest stands for no entries.
type Digest [sha256.Size]byte

// KeyError is the ErrKeyReused of an Append. It says what the key stands for. A caller
// finds out with it whether these are its own entries: [Appended.Add] gives the same
// Digest for the same entries.
type KeyError struct {
	Key      string
	Appended Appended
}

func (e *KeyError) Error() string {
	return fmt.Sprintf("%v: %s stands for %d", ErrKeyReused, excerpt.Quote(e.Key), e.Appended.Count)
}

// Unwrap returns ErrKeyReused.
func (e *KeyError) Unwrap() error { return ErrKeyReused }

// Add returns what a key stands for after the entries are appended under it. It uses
// their IDs.
func (a Appended) Add(entries ...Entry) Appended {
	if len(entries) == 0 {
		return a
	}
	if a.Count == 0 {
		a.First = entries[0].ID
	}
	a.Count += len(entries)
	a.Piece = len(entries)
	a.Last = entries[len(entries)-1].ID
	h := sha256.New()
	var size [8]byte
	for _, e := range entries {
		h.Reset()
		h.Write(a.Digest[:])
		binary.BigEndian.PutUint64(size[:], uint64(len(e.Name)))
		h.Write(size[:])
		h.Write([]byte(e.Name))
		h.Write(e.Data)
		h.Sum(a.Digest[:0])
	}
	return a
}

// Same reports whether both stand for the same entries.
func (a Appended) Same(b Appended) bool { return a.Count == b.Count && a.Digest == b.Digest }

// Compare is for implementations of Log. It compares what the log has under the key
// with what an Append of the entries expects. The caller must keep others from appending
// under the key meanwhile. The zero Appended means that the log does not know the key.
//
// Compare reports whether the call repeats the last one that the log knows. Then it sets
// the ids of the entries, and moves the key. Otherwise the log must fail with the error,
// or add the entries if it is nil. Repeating several pieces as one is an error: pieces
// stand apart, and the log knows only the ids of the last one.
func (k *Key) Compare(has Appended, entries []Entry) (repeated bool, err error) {
	switch {
	case k.Appended.Count > 0 && has.Count == 0:
		return false, fmt.Errorf("%w: %s", ErrKeyForgotten, excerpt.Quote(k.Name))
	case has.Same(k.Appended) && !has.Closed:
		return false, nil
	case has.Same(k.Appended) && len(entries) == 0:
		k.Appended = has
		return true, nil
	case has.Same(k.Appended) || len(entries) == 0 || has.Piece < len(entries) || k.Close && !has.Closed || !has.Same(k.Appended.Add(entries...)):
		return false, &KeyError{Key: k.Name, Appended: has}
	}
	first := has.Last + 1 - uint64(len(entries))
	for i := range entries {
		entries[i].ID = first + uint64(i)
	}
	k.Appended = has
	return true, nil
}
