package natslog_test

import (
	"errors"
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/natslog"
	"github.com/mixstream/mixstream/internal/natstest"
)

// While the NATS server is gone every call says so, and nothing is appended. When it
// is back everything goes on, without anybody having to do anything.
func TestOutage(t *testing.T) {
	ns := natstest.Start(t, nil)
	m := tester{t, mustOpen(t, natslog.Options{
		URL: ns.ClientURL(), RequestTimeout: time.Second, AppendTimeout: 300 * time.Millisecond, CheckInterval: 100 * time.Millisecond,
	})}
	r := m.follow(own("a"))
	_, at := r.bounds()
	at = r.expect(at, m.append(own("a"), 3)...)
	ns.Stop()
	gone := func() bool {
		_, err := r.Read(t.Context(), at, 1<<20)
		return errors.Is(err, eventlog.ErrUnavailable)
	}
	until(t, "the log notices", gone)
	// Until then a request may be sent, and its outcome is unknown.
	until(t, "the connection is lost", func() bool { return !m.log.(*natslog.Log).Connection().IsConnected() })
	e := eventlog.Entry{Name: "content", Data: []byte("{}")}
	_, lookup := m.log.Lookup(t.Context(), "a")
	_, follow := m.log.Follow(t.Context(), own("b"), func() {})
	_, _, bounds := r.Bounds(t.Context())
	for call, err := range map[string]error{
		"Append": m.log.Append(t.Context(), own("a"), nil, []eventlog.Entry{e}),
		"Create": m.log.Create(t.Context(), own("b"), &e),
		"Delete": m.log.Delete(t.Context(), "a", &e, time.Minute),
		"Lookup": lookup, "Follow": follow, "Bounds": bounds,
	} {
		if !errors.Is(err, eventlog.ErrUnavailable) || errors.Is(err, eventlog.ErrOutcomeUnknown) {
			t.Errorf("%s: error %v", call, err)
		}
	}
	ns.Start(t)
	until(t, "the log is back", func() bool { return !gone() })
	at = r.expect(at)
	r.expect(at, m.append(own("a"), 2)...)
	if _, err := m.log.Lookup(t.Context(), "b"); !errors.Is(err, eventlog.ErrSessionNotFound) {
		t.Errorf("a session that was not created: error %v", err)
	}
}

// A log that is closed says that it is unavailable, and does not hang.
func TestClosed(t *testing.T) {
	log, err := natslog.Open(t.Context(), natslog.Options{Dir: t.TempDir(), SyncInterval: time.Minute, AppendTimeout: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	m := tester{t, log}
	r := m.follow(own("a"))
	_, at := r.bounds()
	if err := log.Close(); err != nil {
		t.Error(err)
	}
	_, _, bounds := r.Bounds(t.Context())
	_, read := r.Read(t.Context(), at, 1)
	_, lookup := log.Lookup(t.Context(), "a")
	_, follow := log.Follow(t.Context(), own("b"), func() {})
	for call, err := range map[string]error{
		"Append": log.Append(t.Context(), own("a"), nil, []eventlog.Entry{{Name: "e", Data: []byte("{}")}}),
		"Lookup": lookup, "Follow": follow, "Bounds": bounds, "Read": read,
	} {
		if !errors.Is(err, eventlog.ErrUnavailable) {
			t.Errorf("%s: error %v", call, err)
		}
	}
}
