package natslog_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/natslog"
)

// flip flips a bit within a file.
func flip(t *testing.T, path string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[min(len(data)/2, 4000)] ^= 1
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// fill appends entries to one session until the stream has another block.
func (s stored) fill(t *testing.T) {
	t.Helper()
	l, err := natslog.Open(t.Context(), natslog.Options{Dir: s.dir})
	if err != nil {
		t.Fatal(err)
	}
	for range 9 {
		e := []eventlog.Entry{{Name: "content", Data: []byte(`"` + strings.Repeat("x", 1<<20) + `"`)}}
		if err := l.Append(t.Context(), own("session-0"), nil, e); err != nil {
			t.Fatal(err)
		}
		s.ids["session-0"] = append(s.ids["session-0"], e[0].ID)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

// trigger is a logger's handler that calls a function at a message.
type trigger struct {
	slog.Handler
	at   string
	call func()
}

func (h trigger) Enabled(context.Context, slog.Level) bool { return true }

func (h trigger) Handle(ctx context.Context, r slog.Record) error {
	if strings.Contains(r.Message, h.at) {
		h.call()
	}
	return h.Handler.Handle(ctx, r)
}

// A process ends while it mends a store. The next one does not take what is left for a whole
// store.
func TestRepairIsInterrupted(t *testing.T) {
	for _, at := range []string{"Restored", "copied into a new one", "entries of a damaged store were copied"} {
		t.Run(at, func(t *testing.T) {
			s := store(t, false)
			path := s.entries(t)
			s.fill(t)
			flip(t, path)
			told := &notes{}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			handler := trigger{told.logger().Handler(), at, cancel}
			l, err := natslog.Open(ctx, natslog.Options{Dir: s.dir, Logger: slog.New(handler)})
			if err == nil {
				l.Close()
			}
			if ctx.Err() == nil {
				t.Fatalf("it was not interrupted; the logger was told %s", told.text.String())
			}
			s.check(t, told)
		})
	}
}

// A process ends when it has repaired a store, before it notes that. The store is not
// repaired again.
func TestRepairWasNotNoted(t *testing.T) {
	s := store(t, false)
	high := filepath.Join(s.dir, "highest")
	before, err := os.ReadFile(high)
	if err != nil {
		t.Fatal(err)
	}
	flip(t, s.entries(t))
	l, err := natslog.Open(t.Context(), natslog.Options{Dir: s.dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	damaged := filepath.Join(s.dir, "damaged")
	if err := errors.Join(os.Rename(damaged, filepath.Join(s.dir, "mending")), os.WriteFile(high, before, 0o600)); err != nil {
		t.Fatal(err)
	}
	told := &notes{}
	mustOpen(t, natslog.Options{Dir: s.dir, Logger: told.logger()})
	if told.has("level=ERROR") {
		t.Errorf("the logger was told %s", told.text.String())
	}
	if _, err := os.Stat(damaged); err != nil {
		t.Error(err)
	}
}

// A process whose clock was set back repairs a store.
func TestRepairWithTheClockSetBack(t *testing.T) {
	future := uint64(time.Now().Add(1000 * time.Hour).UnixMicro())
	s := storeOf(t, false, natslog.Options{}.Above(future))
	flip(t, s.entries(t))
	s.check(t, &notes{})
}

// What was trimmed is no reason to suspect the store.
func TestTrimmedIsNotSuspected(t *testing.T) {
	m := newTester(t, natslog.Retention{Bytes: 100_000})
	ids := m.append(own("a"), 5)
	m.follow(own("a")) // so that what was there is known
	until(t, "it is trimmed", func() bool {
		e := []eventlog.Entry{{Name: "content", Data: []byte(`"` + strings.Repeat("x", 10_000) + `"`)}}
		if err := m.log.Append(t.Context(), own("b"), nil, e); err != nil {
			t.Fatal(err)
		}
		_, err := m.follow(own("a")).Read(t.Context(), ids[3], 1<<20)
		if err != nil && !errors.Is(err, eventlog.ErrGap) {
			t.Fatal(err)
		}
		return err != nil
	})
	if m.log.(*natslog.Log).Suspected() {
		t.Error("the store is suspected")
	}
}
