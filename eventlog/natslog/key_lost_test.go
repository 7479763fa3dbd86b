package natslog_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/natslog"
	"github.com/mixstream/mixstream/internal/natstest"
)

// keyTexts appends entries as the whole of what comes under the key "k".
func (m tester) keyTexts(s eventlog.Session, texts ...string) ([]uint64, error) {
	entries := make([]eventlog.Entry, len(texts))
	for i, text := range texts {
		entries[i] = eventlog.Entry{Name: "content", Data: []byte(text)}
	}
	err := m.log.Append(m.Context(), s, &eventlog.Key{Name: "k", Close: true}, entries)
	ids := make([]uint64, len(texts))
	for i := range entries {
		ids[i] = entries[i].ID
	}
	return ids, err
}

// keyRecord returns the sequence of the record of the only key; 0: there is none.
func keyRecord(t *testing.T, log *natslog.Log) uint64 {
	t.Helper()
	_, s := entryStream(t, log)
	m, err := s.GetLastMsgForSubject(t.Context(), "mixstream.k.>")
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return 0
	}
	if err != nil {
		t.Fatal(err)
	}
	return m.Sequence
}

// loseKeys removes the records of all keys, as a limit of the stream does.
func loseKeys(t *testing.T, log *natslog.Log) {
	t.Helper()
	until(t, "there is a record", func() bool { return keyRecord(t, log) != 0 })
	_, s := entryStream(t, log)
	if err := s.Purge(t.Context(), jetstream.WithPurgeSubject("mixstream.k.>")); err != nil {
		t.Fatal(err)
	}
}

var keyForms = map[string][]string{"alone": {"1"}, "batch": {"1", "2", "3"}}

// A process that was not told that a session is deleted, or that there is another one
// under its id, does not take an Append for a repetition by what it knows.
func TestKeyOfSessionEndedElsewhere(t *testing.T) {
	ns := natstest.Start(t, nil)
	one := tester{t, mustOpen(t, natslog.Options{URL: ns.ClientURL()})}
	other := tester{t, mustOpen(t, natslog.Options{URL: ns.ClientURL()})}
	for name, texts := range keyForms {
		t.Run(name, func(t *testing.T) {
			for _, scope := range []string{"own", "shared"} {
				s := within(scope, name, scope)
				if _, err := one.keyTexts(s, texts...); err != nil {
					t.Fatal(err)
				}
				other.delete(s.ID, time.Hour)
				if ids, err := one.keyTexts(s, texts...); !errors.Is(err, eventlog.ErrSessionDeleted) {
					t.Errorf("%s: Append to a deleted session: ids %d and error %v", scope, ids, err)
				}
				s = within(scope, name, scope, "again")
				first, err := one.keyTexts(s, texts...)
				if err != nil {
					t.Fatal(err)
				}
				end := other.forget(s)
				other.append(s, 1)
				again, err := one.keyTexts(s, texts...)
				if err != nil || again[0] <= end {
					t.Errorf("%s: the session is another one: ids %d, and before %d, error %v", scope, again, first, err)
				}
			}
		})
	}
}

// The record of a key is lost with the oldest messages of the stream, or its process died
// before it stored it. Nothing is appended by a repetition as long as the stream knows the
// message id, also if its server starts again.
func TestKeyRecordLost(t *testing.T) {
	for name, texts := range keyForms {
		for _, restart := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				ns := natstest.Start(t, nil)
				log := mustOpen(t, natslog.Options{URL: ns.ClientURL()})
				m := tester{t, log}
				first, err := m.keyTexts(own("a"), texts...)
				if err != nil {
					t.Fatal(err)
				}
				loseKeys(t, log)
				if restart {
					ns.Stop()
					ns.Start(t)
				}
				ids, err := m.keyTexts(own("a"), texts...)
				if name == "alone" && (err != nil || !slices.Equal(ids, first)) || name != "alone" && !errors.Is(err, eventlog.ErrKeyForgotten) {
					t.Errorf("repeated: ids %d, and before %d, error %v", ids, first, err)
				}
				for _, others := range [][]string{{"1", "x"}, {"x"}, {"1", "2"}} {
					_, err := m.keyTexts(own("a"), others...)
					if !errors.Is(err, eventlog.ErrKeyReused) && !errors.Is(err, eventlog.ErrKeyForgotten) {
						t.Errorf("%v: error %v", others, err)
					}
				}
				if name != "alone" { // the first entry is what came, by what is known
					_, err := m.keyTexts(own("a"), "1")
					if !errors.Is(err, eventlog.ErrKeyForgotten) {
						t.Errorf("a part alone: error %v", err)
					}
				}
				r := m.follow(own("a"))
				r.expect(first[0]-1, append(first, m.append(own("a"), 1)...)...)
			})
		}
	}
}

// A repetition renews a key.
func TestRepetitionRenewsKey(t *testing.T) {
	for name, texts := range keyForms {
		t.Run(name, func(t *testing.T) {
			log := mustOpen(t, natslog.Options{Dir: t.TempDir(), SyncInterval: time.Minute})
			m := tester{t, log}
			var record uint64
			renewed := func(what string) {
				t.Helper()
				until(t, what+" renews the key", func() bool { return keyRecord(t, log) > record })
				record = keyRecord(t, log)
			}
			first, err := m.keyTexts(own("a"), texts...)
			renewed("an Append")
			for range 2 {
				again, err2 := m.keyTexts(own("a"), texts...)
				if errors.Join(err, err2) != nil || !slices.Equal(again, first) {
					t.Errorf("ids %d, and before %d, errors %v, %v", again, first, err, err2)
				}
				renewed("a repetition")
			}
			key := &eventlog.Key{Name: "k", Close: true}
			if err := log.Append(t.Context(), own("a"), key, nil); !errors.Is(err, eventlog.ErrKeyReused) {
				t.Error(err)
			}
			key.Appended = eventlog.Appended{}
			for i, text := range texts {
				key.Appended = key.Appended.Add(eventlog.Entry{ID: first[i], Name: "content", Data: []byte(text)})
			}
			if err := log.Append(t.Context(), own("a"), key, nil); err != nil || !key.Appended.Closed {
				t.Errorf("renewed: %+v, error %v", key, err)
			}
			renewed("an Append of nothing")
		})
	}
}
