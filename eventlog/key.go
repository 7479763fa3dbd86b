package eventlog

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/mixstream/mixstream/internal/excerpt"
)

// KeyLife is how long a log honours a deduplication key at least, from the last
// Append under it.
const KeyLife = 3 * time.Minute

// Errors of an Append with a key. Neither adds an entry.
var (
	// ErrKeyReused says that the key stands for other entries than the caller knew.
	// The error is a *KeyError.
	ErrKeyReused = errors.New("eventlog: deduplication key reused for other entries")
	// ErrKeyForgotten says that entries were appended under the key, and that the log
	// does not know it any more. It is an ErrOutcomeUnknown: these entries may have been
	// appended by another call before the key was forgotten.
	ErrKeyForgotten = fmt.Errorf("eventlog: deduplication key forgotten: %w", ErrOutcomeUnknown)
)

// Key makes appends to one session harmless to repeat. It is a cursor: Append adds
// entries only behind what the cursor knows, and moves it.
//
// To append some entries once, whatever happens in between, call Append with a new Key
// of the same name each time:
//
//	err := log.Append(ctx, session, &eventlog.Key{Name: "turn-7", Close: true}, entries)
//
// What is appended in several pieces uses one Key for all of them. Who repeats it and
// does not know how far the pieces went starts again with a new Key; the *KeyError of
// its first Append says how far.
type Key struct {
	// Name names the key within the session. It is not empty.
	Name string
	// Appended is what the caller knows to stand in the log under the key: nothing, at
	// first. A successful Append updates it.
	Appended Appended
	// Close makes the next Append the last one under the key.
	Close bool
}

// Appended is what a log knows of a key: everything that was appended under it.
type Appended struct {
	Count       int    // of the entries
	First, Last uint64 // the ids of the first and the last of them
	Piece       int    // how many of them came with the last one, and stand next to each other
	Digest      Digest // of all of them, in their order
	Closed      bool   // nothing more is appended under the key
	// Revision belongs to the log, which may keep there where it has the key.
	Revision uint64
}

// Digest is a SHA-256 over the names and data of a sequence of entries. It does not
// depend on how the sequence was cut into pieces. The zero Digest is that of no entries.
type Digest [sha256.Size]byte

// KeyError is the ErrKeyReused of an Append. It says what the key stands for, so that
// the caller can find out whether these are its own entries: [Appended.Add] gives the
// same Digest for the same entries.
type KeyError struct {
	Key      string
	Appended Appended
}

func (e *KeyError) Error() string {
	return fmt.Sprintf("%v: %s stands for %d", ErrKeyReused, excerpt.Quote(e.Key), e.Appended.Count)
}

// Unwrap returns ErrKeyReused.
func (e *KeyError) Unwrap() error { return ErrKeyReused }

// Add returns what a key stands for when the entries come to what it stood for before.
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

// Compare is for implementations of Log. It compares what the log has under the key,
// which is the zero Appended if it does not know the key, with what an Append of the
// entries expects, while nobody else can append under the key. It reports whether the
// call is a repetition of the one that the log knows last: then it sets the ids of the
// entries, and moves the key. Otherwise the log either fails with the error or adds the
// entries. Entries that came in several pieces stand apart, and have ids that only the
// callers of then know: to repeat them as one piece is an error.
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
