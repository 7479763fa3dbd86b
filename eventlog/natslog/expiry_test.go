package natslog_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/natslog"
)

// messages returns how many messages the stream of the entries has.
func messages(t *testing.T, l *natslog.Log) uint64 {
	t.Helper()
	_, s := entryStream(t, l)
	return s.CachedInfo().State.Msgs
}

// What a stream drops by itself is no damage: the records of keys, wherever they are in it, and
// entries, by any limit. A store from which it was dropped is opened as it was left, in order or
// by a crash.
func TestWhatExpiresIsNoDamage(t *testing.T) {
	data := []byte(`"` + strings.Repeat("x", 4000) + `"`)
	entries := func(m tester, key *eventlog.Key, n int) {
		e := make([]eventlog.Entry, n)
		for i := range e {
			e[i] = eventlog.Entry{Name: "content", Data: data}
		}
		if err := m.log.Append(m.Context(), own("a"), key, e); err != nil {
			m.Fatal(err)
		}
	}
	keys := func(m tester, n int) {
		for i := range n {
			entries(m, named(fmt.Sprint("key ", i)), 2)
		}
	}
	const some = 10_000 // at most, in place of a number
	for name, c := range map[string]struct {
		retention natslog.Retention
		fill      func(m tester)
		left      uint64
	}{
		"last":              {natslog.Retention{}, func(m tester) { entries(m, nil, 3); keys(m, 1) }, 5},
		"in the middle":     {natslog.Retention{}, func(m tester) { keys(m, 20); entries(m, nil, 1) }, 41},
		"first":             {natslog.Retention{Entries: 1}, func(m tester) { keys(m, 20); entries(m, nil, 1) }, 1},
		"around one entry":  {natslog.Retention{Entries: 1}, func(m tester) { keys(m, 20) }, 1},
		"of one entry":      {natslog.Retention{}, func(m tester) { entries(m, &eventlog.Key{Name: "k", Close: true}, 1) }, 1},
		"with all else":     {natslog.Retention{Age: time.Second}, func(m tester) { keys(m, 20) }, 0},
		"in several blocks": {natslog.Retention{Bytes: 1 << 20}, func(m tester) { keys(m, 200) }, some},
		"in whole blocks":   {natslog.Retention{Entries: 10, Bytes: 1 << 20}, func(m tester) { keys(m, 200) }, 10},
		"renewed repeatedly": {natslog.Retention{}, func(m tester) {
			for key, n := named("k"), 0; n < 100; n++ {
				entries(m, key, 1)
			}
		}, 100},
	} {
		for _, killed := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, killed=%v", name, killed), func(t *testing.T) {
				t.Parallel()
				told := &notes{}
				o := natslog.Options{Dir: filepath.Join(t.TempDir(), "log"), Retention: c.retention, SyncInterval: time.Minute, Logger: told.logger()}.KeyLife(time.Second).ShortAge()
				var position uint64
				for round := range 4 { // filled, and closed with the keys; they expire; and twice more
					l, err := natslog.Open(t.Context(), o)
					if err != nil {
						t.Fatal(err)
					}
					if m := (tester{t, l}); round == 0 {
						c.fill(m)
						_, position = m.follow(own("a")).bounds()
					} else {
						until(t, "the keys expire", func() bool {
							n := messages(t, l)
							return n == c.left || c.left == some && n < some
						})
						m.follow(own("a")).expect(position)
					}
					if killed {
						to := filepath.Join(t.TempDir(), "log")
						if err := os.CopyFS(to, os.DirFS(o.Dir)); err != nil {
							t.Fatal(err)
						}
						o.Dir = to
					}
					if err := l.Close(); err != nil {
						t.Error(err)
					}
					if told.has("level=ERROR") {
						t.Fatalf("round %d: the logger was told %s", round, told.text.String())
					}
				}
			})
		}
	}
}
