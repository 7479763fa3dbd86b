package natslog_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/natslog"
	"github.com/mixstream/mixstream/internal/natstest"
)

// purge removes the messages of a stream below a sequence, as a limit of the stream does; all of
// them if it is 0. A filter, unless it is empty, is their subject.
func (m tester) purge(stream, filter string, below uint64) {
	m.Helper()
	call := fmt.Appendf(nil, `{"filter":%q,"seq":%d}`, filter, below)
	if _, err := m.log.(*natslog.Log).Connection().Request("$JS.API.STREAM.PURGE."+stream, call, patience); err != nil {
		m.Fatal(err)
	}
}

// Nothing is left under the subject of a session. A reader that was at a position is told a gap
// if the session had something after it, and otherwise is told none, whatever comes next.
func TestEmptySubject(t *testing.T) {
	ns := natstest.Start(t, nil)
	a, scoped := own("a"), eventlog.Session{ID: "a", Scope: "x"}
	// quiet makes a session without an entry of its own, and trims what others had before the
	// last entry of its scope.
	quiet := func(m tester) (position, last uint64) {
		position = m.create(scoped)
		m.append(own("other"), 3)
		last = m.create(eventlog.Session{ID: "b", Scope: "x"})
		m.purge(m.log.(*natslog.Log).EntryStream(), "", last)
		return position, last
	}
	trimAll := func(m tester) { m.purge(m.log.(*natslog.Log).EntryStream(), "", 0) }
	written := func(m tester) (position uint64) {
		position = m.append(a, 3)[0]
		trimAll(m)
		return position
	}
	forgotten := func(m tester) (first, end uint64) {
		first = m.append(a, 3)[0]
		end = m.forget(a)
		m.append(own("other"), 3)
		trimAll(m)
		return first, end
	}
	for name, test := range map[string]struct {
		s   eventlog.Session
		has func(m tester) (position uint64, want []uint64) // nothing wanted: a gap
	}{
		"never written": {scoped, func(m tester) (uint64, []uint64) { at, last := quiet(m); return at, []uint64{last} }},
		"first entry": {scoped, func(m tester) (uint64, []uint64) {
			at, last := quiet(m)
			return at, append([]uint64{last}, m.append(scoped, 1)...)
		}},
		"deleted without entry": {scoped, func(m tester) (uint64, []uint64) {
			at, last := quiet(m)
			return at, []uint64{last, m.delete("a", time.Hour)}
		}},
		"trimmed":                {a, func(m tester) (uint64, []uint64) { return written(m), nil }},
		"trimmed, then an entry": {a, func(m tester) (uint64, []uint64) { at := written(m); m.append(a, 1); return at, nil }},
		"trimmed, then deleted":  {a, func(m tester) (uint64, []uint64) { at := written(m); m.delete("a", time.Hour); return at, nil }},
		"forgotten":              {a, func(m tester) (uint64, []uint64) { first, _ := forgotten(m); return first, nil }},
		"forgotten, with its mark": {a, func(m tester) (uint64, []uint64) {
			first, _ := forgotten(m)
			m.purge(m.log.(*natslog.Log).RecordStream(), m.log.(*natslog.Log).RecordSubject("a"), 0)
			return first, nil
		}},
		"made again":                 {a, func(m tester) (uint64, []uint64) { _, end := forgotten(m); return end, m.append(a, 1) }},
		"made again, from before":    {a, func(m tester) (uint64, []uint64) { first, _ := forgotten(m); m.append(a, 1); return first, nil }},
		"created again":              {a, func(m tester) (uint64, []uint64) { _, end := forgotten(m); return end, []uint64{m.create(a)} }},
		"created again, from before": {a, func(m tester) (uint64, []uint64) { first, _ := forgotten(m); m.create(a); return first, nil }},
	} {
		t.Run(name, func(t *testing.T) {
			prefix := fmt.Sprintf("p%d", time.Now().UnixNano())
			m := tester{t, mustOpen(t, natslog.Options{URL: ns.ClientURL(), Name: prefix, Prefix: prefix, CheckInterval: never})}
			position, want := test.has(m)
			if r := m.follow(test.s); want == nil {
				r.expectGap(position)
			} else {
				r.expect(position, want...)
			}
		})
	}
}

// The cache of a process whose readers stay is as true as the stream: what it still has of
// trimmed entries is read, and nothing of an earlier session is.
func TestEmptySubjectWithReaders(t *testing.T) {
	ns := natstest.Start(t, nil)
	for name, test := range map[string]struct {
		scope           string
		forgotten, trim bool
		again           func(m tester, s eventlog.Session) []uint64
	}{
		"trimmed":                {"", false, true, func(m tester, s eventlog.Session) []uint64 { return m.append(s, 1) }},
		"made again":             {"", true, false, func(m tester, s eventlog.Session) []uint64 { return m.append(s, 2) }},
		"made again, of a scope": {"x", true, false, func(m tester, s eventlog.Session) []uint64 { return m.append(s, 2) }},
		"made again, trimmed":    {"", true, true, func(m tester, s eventlog.Session) []uint64 { return m.append(s, 1) }},
		"created again, trimmed": {"", true, true, func(m tester, s eventlog.Session) []uint64 { return []uint64{m.create(s)} }},
	} {
		t.Run(name, func(t *testing.T) {
			prefix := fmt.Sprintf("p%d", time.Now().UnixNano())
			o := natslog.Options{URL: ns.ClientURL(), Name: prefix, Prefix: prefix, CheckInterval: never}
			one, other, s := tester{t, mustOpen(t, o)}, tester{t, mustOpen(t, o)}, eventlog.Session{ID: "a", Scope: test.scope}
			r, witness := one.follow(s), one.follow(s)
			_, start := r.bounds()
			ids := other.append(s, 3)
			witness.expect(start, ids...)
			end := ids[2]
			if test.forgotten {
				end = other.forget(s)
				witness.expect(ids[2], end)
			}
			if test.trim {
				other.purge(one.log.(*natslog.Log).EntryStream(), "", 0)
			}
			next := test.again(other, s)
			witness.expect(end, next...)
			if test.forgotten {
				r.expectGap(start)
				r.expectGap(ids[0])
				floor, _ := r.bounds()
				r.expectGap(floor - 1)
			} else {
				r.expect(ids[0], append(ids[1:], next...)...)
			}
		})
	}
}
