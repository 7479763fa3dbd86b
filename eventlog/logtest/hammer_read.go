package logtest

import (
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/mixstream/mixstream/eventlog"
)

// hammerReader reads one session while entries come. Again and again it is cut
// off and resumes somewhere before.
type hammerReader struct {
	*fixture
	session eventlog.Session
	done    <-chan struct{} // closed after the last append
	rng     *rand.Rand

	at     uint64
	visits []*visit
}

// visit is what was read without a break: the entries after one position up to
// another.
type visit struct {
	session  eventlog.Session
	from, to uint64
	entries  []eventlog.Entry
}

// check compares a visit with all entries of the session and its scope.
func (v *visit) check(f *fixture, all []eventlog.Entry) {
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

// run reads until it has been at the session's last entry after the last append.
func (r *hammerReader) run(last map[eventlog.Session]uint64) error {
	for {
		finished, err := r.connect(last)
		if finished || err != nil {
			return err
		}
	}
}

// connect reads through one reader until it is cut off, or finished.
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
			// From here on only a wake makes it read again, unless it has all.
			done, over = nil, true
			if v.to >= last[r.session] {
				return true, nil
			}
		case <-r.ctx.Done():
			return false, errors.New("waited in vain for the last entries")
		}
	}
}

func (r *hammerReader) begin(from uint64) *visit {
	v := &visit{session: r.session, from: from, to: from}
	r.visits = append(r.visits, v)
	return v
}
