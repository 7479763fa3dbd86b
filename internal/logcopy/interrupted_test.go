package logcopy_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/natslog"
	"github.com/mixstream/mixstream/internal/logcopy"
	"github.com/mixstream/mixstream/internal/pgtest"
)

// hook is a target that calls a function before a batch of entries, or before it is finished.
type hook struct {
	logcopy.Target
	before string
	call   func()
}

func (h *hook) Append(ctx context.Context, entries []logcopy.Entry) error {
	if err := h.Target.Append(ctx, entries[:len(entries)/2]); err != nil {
		return err
	}
	if h.before == "append" {
		h.call()
	}
	return h.Target.Append(ctx, entries[len(entries)/2:])
}

func (h *hook) Finish(ctx context.Context, sessions []logcopy.Session, keys []logcopy.Key) error {
	if h.before == "finish" {
		h.call()
	}
	return h.Target.Finish(ctx, sessions, keys)
}

// The environment of a process that copies one log to another, and kills itself meanwhile.
const (
	dieVariable    = "LOGCOPY_DIE"    // before which step
	fromVariable   = "LOGCOPY_FROM"   // a folder
	toVariable     = "LOGCOPY_TO"     // a folder, or an address
	schemaVariable = "LOGCOPY_SCHEMA" // in PostgreSQL
)

// TestCopyAndDie is that process.
func TestCopyAndDie(t *testing.T) {
	before := os.Getenv(dieVariable)
	if before == "" {
		t.Skip("TestKilled runs it in another process")
	}
	var to place
	switch address := os.Getenv(toVariable); {
	case strings.HasPrefix(address, "postgres:"):
		pool, err := pgxpool.New(t.Context(), address)
		if err != nil {
			t.Fatal(err)
		}
		defer pool.Close()
		to = pgPlace{pool, os.Getenv(schemaVariable)}
	case strings.HasPrefix(address, "nats:"):
		to = natsPlace{natslog.Options{URL: address}}
	default:
		to = natsPlace{natslog.Options{Dir: address}}
	}
	from := natsPlace{natslog.Options{Dir: os.Getenv(fromVariable)}}
	target := &hook{Target: to.target(t, 0, 0), before: before, call: func() {
		self, err := os.FindProcess(os.Getpid())
		if err == nil {
			err = self.Kill()
		}
		if err != nil {
			t.Fatal(err)
		}
		select {}
	}}
	_, err := copyLog(t.Context(), target, from.source(t))
	t.Fatalf("the process is alive; error %v", err)
}

// address returns the environment for a place.
func address(t *testing.T, p place) []string {
	t.Helper()
	switch p := p.(type) {
	case pgPlace:
		return []string{toVariable + "=" + pgtest.Shared(t).URL("postgres"), schemaVariable + "=" + p.schema}
	case natsPlace:
		return []string{toVariable + "=" + p.o.URL + p.o.Dir}
	}
	t.Fatalf("a place of type %T", p)
	return nil
}

// A process is killed while it copies. No server takes what it has left for a log, and the next
// copy succeeds.
func TestKilled(t *testing.T) {
	from := natsPlace{natslog.Options{Dir: filepath.Join(t.TempDir(), "from")}}
	log := from.open(t)
	f := fill(t, log)
	if err := log.Close(); err != nil {
		t.Error(err)
	}
	for toKind, newTo := range kinds {
		t.Run(toKind, func(t *testing.T) {
			if toKind == "nats" && !slow() {
				t.Skip("much the same as file; MIXSTREAM_SLOW=1 runs it")
			}
			to := newTo(t)
			for _, before := range []string{"append", "finish"} {
				cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestCopyAndDie$")
				cmd.Env = append(os.Environ(), append(address(t, to), dieVariable+"="+before, fromVariable+"="+from.o.Dir)...)
				if out, err := cmd.CombinedOutput(); err == nil || strings.Contains(string(out), "FAIL") {
					t.Fatalf("before %s: error %v: %s", before, err, out)
				}
				if toKind == "postgres" {
					continue // a log that is empty, and may be served
				}
				served := to.(natsPlace)
				served.o.AppendTimeout, served.o.CheckInterval = 300*time.Millisecond, 10*time.Millisecond
				left := served.open(t)
				_, err := left.Lookup(t.Context(), "keyed")
				if !errors.Is(err, eventlog.ErrUnavailable) || !strings.Contains(err.Error(), "a copy into these streams was not finished: copy again, or delete them") {
					t.Errorf("before %s: what is left can be read: error %v", before, err)
				}
				if err := left.Append(t.Context(), f.keyed, nil, []eventlog.Entry{entry(1, 1)}); !errors.Is(err, eventlog.ErrUnavailable) {
					t.Errorf("before %s: what is left can be appended to: error %v", before, err)
				}
				if err := left.Close(); err != nil {
					t.Error(err)
				}
			}
			if _, err := copyLog(t.Context(), to.target(t, 0, 0), from.source(t)); err != nil {
				t.Fatal(err)
			}
			fresh := to.open(t)
			defer fresh.Close()
			f.check(t, fresh, true)
		})
	}
}

// What fails leaves nothing: the next copy succeeds.
func TestFailed(t *testing.T) {
	for toKind, newTo := range kinds {
		t.Run(toKind, func(t *testing.T) {
			if toKind == "nats" && !slow() {
				t.Skip("much the same as file; MIXSTREAM_SLOW=1 runs it")
			}
			t.Parallel()
			from, to := kinds["file"](t), newTo(t)
			log := from.open(t)
			f := fill(t, log)
			if err := log.Close(); err != nil {
				t.Error(err)
			}
			for _, c := range []struct {
				entries, bytes int64
				want           string
			}{{20, -1, "entries that the new log retains: raise its limit of entries"}, {-1, 400_000, " must retain more entries or bytes"}} {
				if toKind == "postgres" && c.bytes > 0 {
					c.want = "more than the 400000 bytes that the new log retains: raise its limit of bytes"
				}
				if _, err := copyLog(t.Context(), to.target(t, c.entries, c.bytes), from.source(t)); err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("error %v, want %q", err, c.want)
				}
			}
			ctx, cancel := context.WithCancel(t.Context())
			if _, err := copyLog(ctx, &hook{Target: to.target(t, -1, -1), before: "append", call: cancel}, from.source(t)); !errors.Is(err, context.Canceled) {
				t.Errorf("error %v, want %v", err, context.Canceled)
			}
			if _, err := copyLog(t.Context(), to.target(t, -1, -1), from.source(t)); err != nil {
				t.Fatal(err)
			}
			fresh := to.open(t)
			defer fresh.Close()
			f.check(t, fresh, true)
		})
	}
}

// A source that gets events while it is copied is not copied.
func TestSourceInUse(t *testing.T) {
	for _, kind := range []string{"nats", "postgres"} {
		t.Run(kind, func(t *testing.T) {
			from, to := kinds[kind](t), newPgPlace(t)
			log := from.open(t)
			defer log.Close()
			add := func() {
				if err := log.Append(t.Context(), eventlog.Session{ID: "s"}, nil, []eventlog.Entry{entry(1, 1)}); err != nil {
					t.Error(err)
				}
			}
			add()
			_, err := copyLog(t.Context(), &hook{Target: to.target(t, 0, 0), before: "append", call: add}, from.source(t))
			if err == nil || !strings.Contains(err.Error(), "the log to copy from is in use") {
				t.Errorf("error %v", err)
			}
			if n, err := copyLog(t.Context(), to.target(t, 0, 0), from.source(t)); err != nil || n.Entries != 2 {
				t.Errorf("copied %+v, error %v", n, err)
			}
		})
	}
}
