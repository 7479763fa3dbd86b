package ingest_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/server/internal/ingest"
)

// The number of entries that a request holds does not grow with its body.
func TestBatchesAreBounded(t *testing.T) {
	var appends, most, mostBytes int
	log := &failing{memory(), func(_ context.Context, entries []eventlog.Entry) error {
		bytes := 0
		for _, e := range entries {
			bytes += len(e.Data)
		}
		appends++
		most, mostBytes = max(most, len(entries)), max(mostBytes, bytes)
		return nil
	}}
	large := line(strings.Repeat("x", 900))
	got := run(log, request(t.Context(), ndjsonType, "", strings.NewReader(lines(0, 5000)+strings.Repeat(large, 2000))))
	wantPublished(t, "the body", got, 7000)
	if most > 256 || mostBytes > 256<<10+1000 {
		t.Errorf("%d entries and %d bytes at once", most, mostBytes)
	}
	if appends > 200 {
		t.Errorf("%d appends", appends)
	}
}

// A log that refuses one entry for its size has those before it, at a cost that does not grow
// with their square.
func TestEntryTooLargeForLog(t *testing.T) {
	for _, key := range []string{"", "key"} {
		calls := 0
		log := &failing{memory(), func(_ context.Context, entries []eventlog.Entry) error {
			calls++
			if slices.ContainsFunc(entries, func(e eventlog.Entry) bool { return len(e.Data) > 500 }) {
				return eventlog.ErrEntryTooLarge
			}
			return nil
		}}
		got := run(log, request(t.Context(), ndjsonType, key, strings.NewReader(lines(0, 200)+line(strings.Repeat("x", 1000))+lines(200, 300))))
		if got.Status != 413 || got.Count != 200 || calls > 300 {
			t.Errorf("key %q: got %+v, with %d calls", key, got, calls)
		}
		wantStored(t, log, 200)
	}
}

// What an append takes of a batch is told, and the rest is appended by the next one.
func TestAppendTakesSome(t *testing.T) {
	log := memory()
	var to *session
	told := 0
	got := run(log, request(t.Context(), ndjsonType, "key", strings.NewReader(lines(0, 5))), func(_ *ingest.Handler, s *session) {
		to, s.atMost = s, 2
		s.told = func(_ uint64, err error) {
			if err == nil {
				told++
			}
		}
	})
	wantPublished(t, "the body", got, 5)
	if !slices.Equal(to.took, []int{2, 2, 1}) || told != 5 {
		t.Errorf("%d events are told, in appends of %v", told, to.took)
	}
	wantStored(t, log, 5)
	var again *eventlog.KeyError
	if err := log.Append(t.Context(), eventlog.Session{ID: "s"}, &eventlog.Key{Name: "publish/key"}, nil); !errors.As(err, &again) || !again.Appended.Closed {
		t.Errorf("the key is not closed: %v", err)
	}
}
