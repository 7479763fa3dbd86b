package natslog_test

import (
	"slices"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/natslog"
	"github.com/mixstream/mixstream/internal/natstest"
)

// A user with the permissions of the page on logs, and no others, can do all that a log does.
func TestPermissions(t *testing.T) {
	told := &notes{}
	ns := natstest.Start(t, &server.Options{StoreDir: t.TempDir(), Users: []*server.User{
		{Username: "admin", Password: "secret"},
		{Username: "server", Password: "secret", Permissions: &server.Permissions{
			Publish: &server.SubjectPermission{Allow: []string{
				"mixstream.e.*", "mixstream.k.*.*", "mixstream.s.*", "mixstream.r.*", "mixstream.g.*", "$JS.API.>",
			}},
			Subscribe: &server.SubjectPermission{Allow: []string{"mixstream.live.>", "_INBOX.>"}},
		}},
	}})
	o := natslog.Options{
		URL: ns.ClientURL(), User: "server", Password: "secret", Logger: told.logger(), CheckInterval: 50 * time.Millisecond,
		RequestTimeout: time.Second, AppendTimeout: 2 * time.Second, Retention: natslog.Retention{Idle: 4 * time.Second},
	}
	m := tester{t, mustOpen(t, o)}
	s := eventlog.Session{ID: "a", Scope: "x"}
	r := m.follow(s)
	_, start := r.bounds()
	ids := append(m.keyed(s, "k", 2), m.under(s, &eventlog.Key{Name: "alone", Close: true}, 1)...)
	if again := m.keyed(s, "k", 2); !slices.Equal(again, ids[:2]) {
		t.Errorf("under the key: %d, and %d before", again, ids[:2])
	}
	r.expect(start, ids...)
	m.create(eventlog.Session{ID: "b", Scope: "y"})
	m.forget(own("b"))
	m.log.(*natslog.Log).Doubt()
	operate(t, "nats://admin:secret@"+ns.Addr().String()).remake("MIXSTREAM", func(c *jetstream.StreamConfig) { c.FirstSeq = 1 })
	until(t, "the log goes on in another stream", func() bool { return told.has("goes on in another stream") })
	r.expectGap(ids[0])
	m.append(own("a"), 1)
	o.Existing = true
	mustOpen(t, o)
	if told.has("Permissions Violation") || told.has("permissions violation") {
		t.Errorf("the logger was told %s", told.text.String())
	}
}
