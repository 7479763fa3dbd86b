package pglog_test

import (
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog/pglog"
)

// What is deleted before the tail of a process has brought it is told as a gap, also if other
// entries of the stream are still there, and if the tail needs several answers to get to them.
func TestTrimmedBehindTheTail(t *testing.T) {
	large := strings.Repeat("x", 400<<10) // two make an answer
	for name, test := range map[string]struct {
		retention pglog.Retention
		happen    func(t *testing.T, m tester, l *pglog.Log, exec func(string))
	}{
		"newest": {pglog.Retention{Entries: 8}, func(_ *testing.T, m tester, _ *pglog.Log, _ func(string)) {
			m.append(own("a"), numbered(1, 30)...)
		}},
		"newest, after others": {pglog.Retention{Entries: 40}, func(_ *testing.T, m tester, _ *pglog.Log, _ func(string)) {
			m.append(own("a"), numbered(1, 10)...)
			m.append(own("b"), large, large, large, large)
			m.append(own("a"), numbered(11, 50)...)
		}},
		"all": {pglog.Retention{}, func(_ *testing.T, m tester, _ *pglog.Log, exec func(string)) {
			m.append(own("a"), numbered(1, 9)...)
			m.append(own("b"), "1")
			exec("with gone as (delete from log where id < (select max(id) from log)) update trimmed set floor = (select max(id) - 1 from log)")
		}},
		"of a deleted session": {pglog.Retention{}, func(t *testing.T, m tester, l *pglog.Log, _ func(string)) {
			m.append(own("a"), numbered(1, 9)...)
			e := texts("deleted")[0]
			if err := l.Delete(t.Context(), "a", &e, 0); err != nil {
				t.Fatal(err)
			}
			m.append(own("b"), "1")
			if err := l.Retain(); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			l, traces, pool, o := newTraced(t, pglog.Options{PollInterval: time.Hour, Retention: test.retention})
			m := tester{t, l}
			r, beside := m.follow(own("a")), m.follow(own("b"))
			_, start := beside.bounds()
			m.append(own("a"), "0")
			m.append(own("b"), "0")
			beside.expect(start, "0")
			at := r.expect(start, "0") // from now on it reads from the memory
			asked := traces.holdUp("tail", false)
			m.append(own("a"), "1")
			<-asked.held
			r.forgetWakes()
			test.happen(t, m, l, func(sql string) {
				execute(t, pool, "set search_path = "+o.Schema+"; "+sql+"; reset search_path")
			})
			close(asked.released)
			r.awaitWake()
			r.expectGap(at)
		})
	}
}
