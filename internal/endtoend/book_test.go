package endtoend_test

import (
	"math"
	"strings"
	"sync"
	"testing"
	"unique"

	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/servertest"
)

// delivered is an event as a reader gets it.
type delivered struct {
	id   uint64
	text unique.Handle[string] // of textOf
}

// textOf returns what tells an event from the others of its session and scope; empty for an
// event that is not in the log.
func textOf(event gen.Event) string {
	switch data := event.(type) {
	case *gen.ContentData:
		return data.Content
	case *gen.SessionCreatedData:
		return "created " + data.SessionID
	case *gen.SessionDeletedData:
		return "deleted " + data.SessionID
	}
	return ""
}

// scopeOf returns the scope of a session by servertest.Tenants, or the session if it has none.
func scopeOf(session string) string {
	scope, _, _ := strings.Cut(session, "/")
	return scope
}

// book holds what the server has acknowledged to publishers, and what they may have published.
// A place is a session or a scope.
type book struct {
	mu        sync.Mutex
	events    map[string]map[string]uint64 // ids by place and text
	last      map[string]uint64            // the highest id of each place
	uncertain map[string]map[string]bool   // by place: texts whose outcome is unknown
}

func newBook() *book {
	return &book{events: make(map[string]map[string]uint64), last: make(map[string]uint64), uncertain: make(map[string]map[string]bool)}
}

// note returns a function that takes the results of a call of the server.
func (b *book) note(t *testing.T, place, text string) func(id string, err error) {
	return func(id string, err error) {
		if err != nil {
			t.Error(err)
			return
		}
		b.add(place, text, id)
	}
}

func (b *book) add(place, text, id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.events[place] == nil {
		b.events[place] = make(map[string]uint64)
	}
	b.events[place][text] = servertest.Position(id)
	b.last[place] = max(b.last[place], b.events[place][text])
}

func (b *book) maybe(place, text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.uncertain[place] == nil {
		b.uncertain[place] = make(map[string]bool)
	}
	b.uncertain[place][text] = true
}

// count returns how many events are acknowledged.
func (b *book) count() (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, events := range b.events {
		n += len(events)
	}
	return n
}

// lastOf returns the highest acknowledged id of a place.
func (b *book) lastOf(place string) uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.last[place]
}

// check checks what a reader gets from the beginning of a session to its end. The ids grow,
// each event comes once, every acknowledged event of the session and its scope comes, and
// nothing comes that was not published.
func (b *book) check(t *testing.T, who int, session string, got []delivered) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	scope, end := scopeOf(session), uint64(math.MaxUint64)
	if id, ok := b.events[scope]["deleted "+session]; ok {
		end = id // what follows in the scope does not come
	}
	seen := make(map[string]bool)
	before := uint64(0)
	for _, d := range got {
		text := d.text.Value()
		id, ok := b.events[session][text]
		if !ok {
			id, ok = b.events[scope][text]
		}
		switch {
		case d.id <= before:
			t.Errorf("reader %d of %s: id %d after %d", who, session, d.id, before)
		case seen[text]:
			t.Errorf("reader %d of %s: %q twice", who, session, text)
		case ok && id != d.id:
			t.Errorf("reader %d of %s: %q has id %d, and was acknowledged with %d", who, session, text, d.id, id)
		case !ok && !b.uncertain[session][text]:
			t.Errorf("reader %d of %s: %q was not published", who, session, text)
		}
		before, seen[text] = d.id, true
	}
	missing := 0
	for _, place := range []string{session, scope} {
		for text, id := range b.events[place] {
			if id <= end && !seen[text] {
				missing++
			}
		}
	}
	if missing > 0 {
		t.Errorf("reader %d of %s: %d acknowledged events are missing", who, session, missing)
	}
}
