package logtest

import (
	"bytes"
	"errors"
	"math"
	"sync/atomic"

	"github.com/mixstream/mixstream/eventlog"
)

// everything is a limit into which all entries of a test fit.
const everything = math.MaxInt32

// follower is a reader that counts its wakes.
type follower struct {
	eventlog.Reader
	f     *fixture
	wakes atomic.Int64
	woken chan struct{}
}

// follow opens a reader, and closes it at the end of the test.
func (f *fixture) follow(s eventlog.Session) *follower {
	f.Helper()
	r, err := f.open(s)
	if err != nil {
		f.Fatalf("Follow(%+v): %v", s, err)
	}
	f.Cleanup(r.Close)
	return r
}

func (f *fixture) open(s eventlog.Session) (*follower, error) {
	r := &follower{f: f, woken: make(chan struct{}, 1)}
	var err error
	r.Reader, err = f.log.Follow(f.ctx, s, func() {
		r.wakes.Add(1)
		select {
		case r.woken <- struct{}{}:
		default:
		}
	})
	return r, err
}

// await waits for a wake.
func (r *follower) await(why string) {
	r.f.Helper()
	select {
	case <-r.woken:
	case <-r.f.ctx.Done():
		r.f.Fatalf("no wake: %s", why)
	}
}

func (r *follower) bounds() (floor, end uint64) {
	r.f.Helper()
	floor, end, err := r.Bounds(r.f.ctx)
	if err != nil {
		r.f.Fatalf("Bounds: %v", err)
	}
	if floor == 0 || floor > end {
		r.f.Fatalf("Bounds: floor %d, end %d; want 0 < floor <= end", floor, end)
	}
	return floor, end
}

func (r *follower) read(after uint64, limit int) eventlog.Batch {
	r.f.Helper()
	b, err := r.Read(r.f.ctx, after, limit)
	if err != nil {
		r.f.Fatalf("Read(%d): %v", after, err)
	}
	if err := inOrder(after, b); err != nil {
		r.f.Fatalf("Read(%d): %v", after, err)
	}
	return b
}

// expect checks that exactly these entries follow the position, and waits for those that
// the reader does not see yet. It returns the position after them.
func (r *follower) expect(after uint64, want ...eventlog.Entry) uint64 {
	r.f.Helper()
	var got []eventlog.Entry
	for {
		b := r.read(after, everything)
		after = b.Position
		got = append(got, b.Entries...)
		if len(got) >= len(want) {
			break
		}
		if len(b.Entries) == 0 {
			select {
			case <-r.woken:
			case <-r.f.ctx.Done():
				r.f.Fatalf("gave up waiting for entries\n got %s\nwant %s", show(got), show(want))
			}
		}
	}
	if !same(got, want) {
		r.f.Fatalf("entries\n got %s\nwant %s", show(got), show(want))
	}
	return after
}

// until waits for the entry of an id, and returns the entries after a position up to it.
func (r *follower) until(after, id uint64) (entries []eventlog.Entry) {
	r.f.Helper()
	for after < id {
		b := r.read(after, everything)
		if len(b.Entries) == 0 {
			r.await("entries up to an id")
		}
		entries, after = append(entries, b.Entries...), b.Position
	}
	return entries
}

func (r *follower) expectGap(after uint64) {
	r.f.Helper()
	b, err := r.Read(r.f.ctx, after, everything)
	if !errors.Is(err, eventlog.ErrGap) {
		r.f.Errorf("Read(%d): %s, error %v; want %v", after, show(b.Entries), err, eventlog.ErrGap)
	}
}

// inOrder checks the order of ids and the position, which every batch must keep.
func inOrder(after uint64, b eventlog.Batch) error {
	for _, e := range b.Entries {
		if e.ID <= after {
			return errors.New("ids do not grow: " + show(b.Entries))
		}
		after = e.ID
	}
	if b.Position < after {
		return errors.New("the position is before " + show(b.Entries))
	}
	return nil
}

func same(a, b []eventlog.Entry) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].ID != b[i].ID || a[i].Name != b[i].Name || !bytes.Equal(a[i].Data, b[i].Data) {
			return false
		}
	}
	return true
}
