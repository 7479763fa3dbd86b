package natslog_test

import (
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/logtest"
	"github.com/mixstream/mixstream/eventlog/natslog"
)

// mustOpen opens a log that is closed with the test.
func mustOpen(t *testing.T, o natslog.Options) *natslog.Log {
	t.Helper()
	l, err := natslog.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func TestEmbedded(t *testing.T) {
	logtest.Run(t, func(t *testing.T, o logtest.Options) eventlog.Log {
		return mustOpen(t, natslog.Options{
			Dir:          t.TempDir(),
			SyncInterval: time.Minute,
			Retention:    natslog.Retention{Entries: int64(o.Entries)},
		})
	})
}

// As it is by default, with each append on the disk.
func TestEmbeddedSyncAlways(t *testing.T) {
	logtest.Run(t, func(t *testing.T, o logtest.Options) eventlog.Log {
		return mustOpen(t, natslog.Options{Dir: t.TempDir(), Retention: natslog.Retention{Entries: int64(o.Entries)}})
	})
}
