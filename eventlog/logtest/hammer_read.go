package logtest

import (
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/mixstream/mixstream/eventlog"
)

// hammerReader reads one session while entries come. It is cut off many times, and resumes
// at some earlier position.
type hammerReader struct {
	*fixture
	session eventlog.Session
	done    <-chan struct{} // closed after the last append
	rng     *rand.Rand

	at   uint64 // where to resume
	runs []*run
}

// run is what was read without a break: the entries after one position up to another.
type run struct {
	session  eventlog.Session
	from, to uint64
	entries  []eventlog.Entry
}

// check compares a run with all entries of the session and its scope.
func (v *run) check(f *fixture, all []eventlog.Entry) {
	var want []eventlog.Entry
	for _, e := range all {
		if v.from < e.ID && e.ID <= v.to {
			want = append(want, e)
		}
	}
	if !same(v.entries, want) {
		f.Errorf("a reader of %+v, from %d to %d\n got %s\nwant %s", v.session, v.from, v.to, show(v.entries), show(want))
	}
}

// readAll reads until it has read the session's last entry after the last append.
func (r *hammerReader) readAll(last map[eventlog.Session]uint64) error {
	for {
		finished, err := r.connect(last)
		if finished || err != nil {
			return err
		}
	}
}

// connect reads with one reader until it is cut off or has finished.
func (r *hammerReader) connect(last map[eventlog.Session]uint64) (finished bool, err error) {
	reader, err := r.open(r.session)
	if err != nil {
		return false, err
	}
	defer reader.Close()
	v := r.begin(r.at)
	done, over := r.done, false
	for {
		b, err := reader.Read(r.ctx, v.to, 1+r.rng.IntN(300))
		switch {
		case errors.Is(err, eventlog.ErrGap):
			floor, _, err := reader.Bounds(r.ctx)
			if err != nil {
				return false, err
			}
			if r.options.Entries == 0 || floor <= v.to {
				return false, fmt.Errorf("gap at %d, floor %d", v.to, floor)
			}
			v = r.begin(floor)
			continue
		case err != nil:
			return false, err
		}
		if err := inOrder(v.to, b); err != nil {
			return false, err
		}
		v.to, v.entries = b.Position, append(v.entries, b.Entries...)
		switch {
		case over && v.to >= last[r.session]:
			return true, nil
		case !over && r.rng.IntN(40) == 0:
			r.at = v.from + r.rng.Uint64N(v.to-v.from+1)
			return false, nil
		case len(b.Entries) > 0:
			continue
		}
		select {
		case <-reader.woken:
		case <-done:
			// From here on it reads again only when it is woken, unless it has everything.
			done, over = nil, true
			if v.to >= last[r.session] {
				return true, nil
			}
		case <-r.ctx.Done():
			return false, errors.New("gave up waiting for the last entries")
		}
	}
}

func (r *hammerReader) begin(from uint64) *run {
	v := &run{session: r.session, from: from, to: from}
	r.runs = append(r.runs, v)
	return v
}
