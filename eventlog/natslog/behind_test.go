package natslog_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/natslog"
	"github.com/mixstream/mixstream/internal/natstest"
)

// rewinding is a NATS server that can be set back to what it had before.
type rewinding struct {
	*testing.T
	*natstest.Server
	dir string
}

func newRewinding(t *testing.T) rewinding {
	dir := filepath.Join(t.TempDir(), "nats")
	return rewinding{t, natstest.Start(t, &server.Options{StoreDir: dir}), dir}
}

// save returns a copy of what the server has.
func (r rewinding) save() (copied string) {
	r.Helper()
	copied = filepath.Join(r.TempDir(), "copy")
	r.Stop()
	if err := os.CopyFS(copied, os.DirFS(r.dir)); err != nil {
		r.Fatal(err)
	}
	r.Start(r.T)
	return copied
}

// rewind makes the server go on with a copy.
func (r rewinding) rewind(copied string) {
	r.Helper()
	r.Stop()
	if err := errors.Join(os.RemoveAll(r.dir), os.CopyFS(r.dir, os.DirFS(copied))); err != nil {
		r.Fatal(err)
	}
	r.Start(r.T)
}

// open opens a log on the server that notices soon that it was set back.
func (r rewinding) open(told *notes, appendTimeout time.Duration) tester {
	return tester{r.T, mustOpen(r.T, natslog.Options{
		URL: r.ClientURL(), Logger: told.logger(),
		CheckInterval: 50 * time.Millisecond, RequestTimeout: 500 * time.Millisecond, AppendTimeout: appendTimeout,
	})}
}

// A server that answers for the stream of the log is behind for long: a leader that catches up
// after a restart, or one that has lost the end. The log is unavailable meanwhile, drops nothing
// of what is there, gives out no id again, and goes on without a gap when the stream has all.
func TestStreamIsBehind(t *testing.T) {
	ns, told := newRewinding(t), &notes{}
	m := ns.open(told, 2*time.Second)
	r := m.follow(own("a"))
	_, start := r.bounds()
	ids := m.append(own("a"), 3)
	early := ns.save()
	until(t, "the log can be used", func() bool { _, err := m.log.Lookup(t.Context(), "a"); return err == nil })
	ids = append(ids, m.append(own("a"), 3)...)
	r.expect(start, ids...)
	late := ns.save()

	ns.rewind(early)
	until(t, "the log says that the stream is behind", func() bool {
		return told.has("has lost the end of the stream") || told.has("goes on in another stream")
	})
	e := []eventlog.Entry{{Name: "content", Data: []byte("{}")}}
	if err := m.log.Append(t.Context(), own("a"), nil, e); !errors.Is(err, eventlog.ErrUnavailable) {
		t.Errorf("Append: %v, with id %d, after %d", err, e[0].ID, ids)
	}
	if n := messages(t, m.log.(*natslog.Log)); n != 3 {
		t.Errorf("of 3 entries %d are left; the logger was told %s", n, told.text.String())
	}

	ns.rewind(late)
	until(t, "the log goes on", func() bool { _, err := m.log.Lookup(t.Context(), "a"); return err == nil })
	ids = append(ids, m.append(own("a"), 1)...)
	m.follow(own("a")).expect(start, ids...)
	r.expect(start, ids...)
}

// A stream has lost all, and is still the same one, as one that was in memory is. The log goes
// on in it with a gap, and gives out no id again.
func TestStreamHasLostAll(t *testing.T) {
	ns, told := newRewinding(t), &notes{}
	m := ns.open(told, patience)
	empty := ns.save()
	ids := m.append(own("a"), 100)[:3]
	ids = append(ids, m.append(own("a"), 1)...)
	r := m.follow(own("a"))
	_, end := r.bounds()

	ns.rewind(empty)
	until(t, "the log goes on", func() bool { return told.has("goes on in another stream") })
	if id := m.append(own("a"), 1)[0]; id <= ids[3] {
		t.Errorf("id %d after %d", id, ids[3])
	}
	for _, position := range []uint64{ids[0], ids[3], end} {
		r.expectGap(position)
		m.follow(own("a")).expectGap(position)
	}
}

// A stream that was made by hand may have got its first sequence by purging.
func TestFirstSequenceByPurging(t *testing.T) {
	ns := natstest.Start(t, nil)
	mustOpen(t, natslog.Options{URL: ns.ClientURL()})
	op := operate(t, ns.ClientURL())
	op.remake("MIXSTREAM", func(c *jetstream.StreamConfig) { c.FirstSeq = 0 })
	s, err := op.Stream(t.Context(), "MIXSTREAM")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Purge(t.Context(), jetstream.WithPurgeSequence(uint64(time.Now().UnixMicro()))); err != nil {
		t.Fatal(err)
	}
	m := tester{t, mustOpen(t, natslog.Options{URL: ns.ClientURL(), Existing: true})}
	r := m.follow(own("a"))
	_, start := r.bounds()
	r.expect(start, m.append(own("a"), 3)...)
}
