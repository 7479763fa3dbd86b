package eventlog_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog"
)

// tester calls a Memory and fails the test on an error.
type tester struct {
	*testing.T
	log *eventlog.Memory
}

func own(id string) eventlog.Session { return eventlog.Session{ID: id} }

func (m tester) create(s eventlog.Session) uint64 {
	m.Helper()
	e := eventlog.Entry{Name: "session_created", Data: []byte(`{}`)}
	if err := m.log.Create(m.Context(), s, &e); err != nil {
		m.Fatalf("Create: %v", err)
	}
	return e.ID
}

func (m tester) append(s eventlog.Session, data string) uint64 {
	m.Helper()
	return m.keyed(s, nil, data)
}

func (m tester) keyed(s eventlog.Session, key *eventlog.Key, data string) uint64 {
	m.Helper()
	e := []eventlog.Entry{{Name: "content", Data: []byte(data)}}
	if err := m.log.Append(m.Context(), s, key, e); err != nil {
		m.Fatalf("Append: %v", err)
	}
	return e[0].ID
}

func (m tester) delete(session string, grace time.Duration) uint64 {
	m.Helper()
	e := eventlog.Entry{Name: "session_deleted", Data: []byte(`{}`)}
	if err := m.log.Delete(m.Context(), session, &e, grace); err != nil {
		m.Fatalf("Delete: %v", err)
	}
	return e.ID
}

func (m tester) follow(s eventlog.Session) eventlog.Reader {
	m.Helper()
	r, err := m.log.Follow(m.Context(), s, func() {})
	if err != nil {
		m.Fatalf("Follow: %v", err)
	}
	return r
}

// bounds returns the bounds of a reader that is opened for it.
func (m tester) bounds(s eventlog.Session) (floor, end uint64) {
	m.Helper()
	r := m.follow(s)
	defer r.Close()
	floor, end, err := r.Bounds(m.Context())
	if err != nil {
		m.Fatalf("Bounds: %v", err)
	}
	return floor, end
}

func (m tester) end() uint64 {
	m.Helper()
	_, end := m.bounds(own("nobody"))
	return end
}

// want checks with which id the entries after a position begin; 0 means that
// there are none.
func (m tester) want(s eventlog.Session, after, first uint64) {
	m.Helper()
	r := m.follow(s)
	defer r.Close()
	b, err := r.Read(m.Context(), after, 1)
	if err != nil {
		m.Fatalf("Read(%d): %v", after, err)
	}
	var got uint64
	if len(b.Entries) > 0 {
		got = b.Entries[0].ID
	}
	if got != first {
		m.Errorf("Read(%d): entry %d, want %d", after, got, first)
	}
}

func (m tester) wantGap(s eventlog.Session, after uint64) {
	m.Helper()
	r := m.follow(s)
	defer r.Close()
	if b, err := r.Read(m.Context(), after, 1); !errors.Is(err, eventlog.ErrGap) {
		m.Errorf("Read(%d): %v, error %v; want %v", after, b, err, eventlog.ErrGap)
	}
}

func (m tester) wantRecord(session string, want error) {
	m.Helper()
	if _, err := m.log.Lookup(m.Context(), session); !errors.Is(err, want) {
		m.Errorf("Lookup(%q): error %v, want %v", session, err, want)
	}
}

// sessions returns n sessions.
func sessions(n int) []eventlog.Session {
	all := make([]eventlog.Session, n)
	for i := range all {
		all[i] = own(fmt.Sprint("session", i))
	}
	return all
}
