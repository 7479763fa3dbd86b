package natslog_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/natslog"
)

// An age within which a key would be forgotten is refused before anything is opened.
func TestAgeTooShort(t *testing.T) {
	for _, age := range []time.Duration{1, time.Millisecond, eventlog.KeyLife - 1} {
		err := natslog.Options{Dir: t.TempDir(), Retention: natslog.Retention{Age: age}}.Check()
		if err == nil || !strings.Contains(err.Error(), "must be at least 3m0s") {
			t.Errorf("%v: %v", age, err)
		}
	}
	for _, age := range []time.Duration{-1, 0, eventlog.KeyLife, math.MaxInt64} {
		if err := (natslog.Options{Dir: t.TempDir(), Retention: natslog.Retention{Age: age}}).Check(); err != nil {
			t.Errorf("%v: %v", age, err)
		}
	}
}

// With the longest age and the longest grace period a session lives, ends and is
// forgotten like any other.
func TestLongestTimes(t *testing.T) {
	m := newTester(t, natslog.Retention{Age: math.MaxInt64})
	for id, grace := range map[string]time.Duration{"kept": math.MaxInt64, "gone": 0, "before": math.MinInt64} {
		m.append(own(id), 1)
		end := m.delete(id, grace)
		record, err := m.log.Lookup(t.Context(), id)
		if grace > 0 {
			if err != nil || record.Deleted != end {
				t.Errorf("%s: %+v, %v", id, record, err)
			}
			continue
		}
		if !errors.Is(err, eventlog.ErrSessionNotFound) {
			t.Errorf("%s: %v", id, err)
		}
		m.append(own(id), 1) // a new session of this name
	}
}

// An error names a session by the beginning of a long id.
func TestErrorsAreBounded(t *testing.T) {
	m := newTester(t, natslog.Retention{})
	huge := strings.Repeat("é", 50_000)
	for _, id := range []string{huge + "a", huge + "b"} {
		m.create(own(id))
	}
	m.delete(huge+"b", time.Hour)
	for name, err := range map[string]error{
		"there":   m.log.Create(t.Context(), own(huge+"a"), &eventlog.Entry{Name: "session_created", Data: []byte("{}")}),
		"deleted": m.log.Append(t.Context(), own(huge+"b"), nil, []eventlog.Entry{{Name: "content", Data: []byte("{}")}}),
		"unknown": m.log.Delete(t.Context(), huge+"c", &eventlog.Entry{Name: "session_deleted", Data: []byte("{}")}, 0),
		"name":    natslog.Options{Dir: "x", Name: huge}.Check(),
		"prefix":  natslog.Options{Dir: "x", Prefix: huge}.Check(),
	} {
		if err == nil || len(err.Error()) > 1<<10 {
			t.Errorf("%s: %.300v", name, err)
		}
	}
}
