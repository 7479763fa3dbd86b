package natslog_test

import (
	"bytes"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/natslog"
	"github.com/mixstream/mixstream/internal/natstest"
	"github.com/mixstream/mixstream/internal/smalldisk"
)

// writable reports whether the log says so.
func writable(t *testing.T, l eventlog.Log) bool {
	t.Helper()
	err := l.(eventlog.Writable).Writable(t.Context())
	if err != nil && !errors.Is(err, eventlog.ErrUnavailable) {
		t.Errorf("Writable: %v", err)
	}
	return err == nil
}

// outOfSpace fills the disk of a log, and checks that the log says so, and goes on by itself
// once there is space: all that was acknowledged is read once, without a gap, by the
// readers of before and by new ones, and what was not is read once at most.
func outOfSpace(t *testing.T, l *natslog.Log, dir string, told *notes, heal func()) {
	t.Helper()
	m := tester{t, l}
	r := m.follow(own("a"))
	_, start := r.bounds()
	acknowledged := m.append(own("a"), 3)
	h := history{position: start}
	h.meet(t, r, acknowledged)
	m.keyed(own("keyed"), "k", 2)

	free := smalldisk.Fill(t, dir)
	uncertain := 0
	until(t, "nothing can be appended", func() bool {
		e := []eventlog.Entry{{Name: "content", Data: bytes.Repeat([]byte("x"), 2000)}}
		err := l.Append(t.Context(), own("a"), nil, e)
		switch {
		case err == nil:
			acknowledged = append(acknowledged, e[0].ID)
		case errors.Is(err, eventlog.ErrOutcomeUnknown):
			uncertain++
		case !errors.Is(err, eventlog.ErrUnavailable):
			t.Fatalf("Append: %v", err)
		}
		return err != nil && !writable(t, l)
	})
	if !told.has("nothing can be appended") {
		t.Errorf("the logger was told %s", told.text.String())
	}
	if err := h.read(t.Context(), r); err != nil {
		t.Errorf("reading while the disk is full: %v", err)
	}
	if _, err := l.Lookup(t.Context(), "a"); err != nil {
		t.Errorf("Lookup while the disk is full: %v", err)
	}

	free()
	if heal != nil {
		heal()
	}
	until(t, "the log is writable again", func() bool { return writable(t, l) })
	if !told.has("entries can be appended again") {
		t.Errorf("the logger was told %s", told.text.String())
	}
	acknowledged = append(acknowledged, m.append(own("a"), 2)...)
	if again := m.keyed(own("keyed"), "k", 2); again[0] > acknowledged[3] {
		t.Errorf("the log has forgotten a key from before: %d", again)
	}
	end := acknowledged[len(acknowledged)-1]
	fresh := history{position: start}
	newcomer := m.follow(own("a"))
	for reader, h := range map[*follower]*history{r: &h, newcomer: &fresh} {
		until(t, "all is read", func() bool {
			if err := h.read(t.Context(), reader); err != nil && !errors.Is(err, eventlog.ErrUnavailable) {
				t.Fatal(err)
			}
			return h.position >= end
		})
		if h.gap != 0 || len(h.ids) < len(acknowledged) || len(h.ids) > len(acknowledged)+uncertain {
			t.Errorf("%d entries were read, with a gap up to %d; %d were acknowledged, and the outcome of %d is unknown", len(h.ids), h.gap, len(acknowledged), uncertain)
		}
		at := 0
		for _, id := range h.ids {
			if at < len(acknowledged) && acknowledged[at] == id {
				at++
			}
		}
		if at < len(acknowledged) {
			t.Errorf("read %d, acknowledged %d", h.ids, acknowledged)
		}
	}
}

// A log in a folder whose disk was full goes on by itself.
func TestFullDisk(t *testing.T) {
	for name, sync := range map[string]time.Duration{"each append": 0, "now and then": time.Second} {
		t.Run(name, func(t *testing.T) {
			dir, told := smalldisk.New(t, "8m"), &notes{}
			outOfSpace(t, mustOpen(t, natslog.Options{
				Dir: filepath.Join(dir, "log"), SyncInterval: sync, Logger: told.logger(),
				RequestTimeout: 500 * time.Millisecond, AppendTimeout: time.Second, CheckInterval: 20 * time.Millisecond,
			}), dir, told, nil)
		})
	}
}

// An idle log finds that its disk is full as well, and that it is not any more.
func TestFullDiskIdle(t *testing.T) {
	dir := smalldisk.New(t, "8m")
	l := mustOpen(t, natslog.Options{Dir: dir, CheckInterval: 20 * time.Millisecond})
	free := smalldisk.Fill(t, dir)
	until(t, "the log says that its disk is full", func() bool { return !writable(t, l) })
	free()
	until(t, "the log is writable again", func() bool { return writable(t, l) })
	tester{t, l}.append(own("a"), 1)
}

// A NATS server whose disk was full stores nothing until it is started again. A log on it
// says so, and goes on by itself then.
func TestFullDiskOfServer(t *testing.T) {
	dir, told := smalldisk.New(t, "8m"), &notes{}
	ns := natstest.Start(t, &server.Options{StoreDir: dir, SyncAlways: true, JetStreamMaxMemory: 1 << 20, JetStreamMaxStore: 4 << 30})
	outOfSpace(t, mustOpen(t, natslog.Options{
		URL: ns.ClientURL(), Logger: told.logger(),
		RequestTimeout: 500 * time.Millisecond, AppendTimeout: time.Second, CheckInterval: 20 * time.Millisecond,
	}), dir, told, func() { ns.Stop(); ns.Start(t) })
}
