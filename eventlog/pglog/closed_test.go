package pglog_test

import (
	"errors"
	"log/slog"
	"sync"
	"testing"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/pglog"
)

// What is called after the log was closed has not happened.
func TestClosed(t *testing.T) {
	told := new(notes)
	l, pool := newLog(t, pglog.Options{Logger: slog.New(slog.NewTextHandler(told, nil))})
	var wg sync.WaitGroup
	for range 3 {
		tx := begin(t, pool)
		if _, err := l.AppendTx(t.Context(), tx, own("a"), texts("1")); err != nil {
			t.Fatal(err)
		}
		if err := tx.Commit(t.Context()); err != nil { // so that the mover is busy
			t.Fatal(err)
		}
	}
	for range 3 {
		wg.Go(func() {
			if err := l.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		})
	}
	wg.Wait()
	e := texts("end")[0]
	_, lookup := l.Lookup(t.Context(), "a")
	_, follow := l.Follow(t.Context(), own("a"), func() {})
	for call, err := range map[string]error{
		"Append": l.Append(t.Context(), own("a"), nil, texts("1")),
		"Create": l.Create(t.Context(), own("b"), &texts("1")[0]),
		"Delete": l.Delete(t.Context(), "a", &e, 0),
		"Lookup": lookup, "Follow": follow,
	} {
		wantUnavailable(t, call, err, nil)
		if errors.Is(err, eventlog.ErrOutcomeUnknown) {
			t.Errorf("%s: %v", call, err)
		}
	}
	if told.has("WARN") {
		t.Errorf("the logger was told %s", told.text.String())
	}
}
