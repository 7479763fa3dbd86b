package natslog_test

import (
	"encoding/binary"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/natslog"
)

// stored is what a store had acknowledged before it was damaged.
type stored struct {
	dir  string
	ids  map[string][]uint64 // by the session
	last uint64
}

// store fills a folder: with the process closed in order, or, if killed, as it is while the
// process runs.
func store(t *testing.T, killed bool) stored {
	t.Helper()
	return storeOf(t, killed, natslog.Options{})
}

// storeOf is store with options.
func storeOf(t *testing.T, killed bool, o natslog.Options) stored {
	t.Helper()
	if testing.Short() {
		t.Skip("what damage does to files is the same for all processors, and no matter of goroutines")
	}
	s := stored{dir: filepath.Join(t.TempDir(), "log"), ids: make(map[string][]uint64)}
	o.Dir = s.dir
	l, err := natslog.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	m := tester{t, l}
	for i := range 30 {
		id := fmt.Sprint("session-", i%7)
		ids := m.append(own(id), 1+i%3)
		s.ids[id] = append(s.ids[id], ids...)
		s.last = ids[len(ids)-1]
	}
	dir := s.dir
	if killed {
		s.dir = filepath.Join(t.TempDir(), "log")
		if err := os.CopyFS(s.dir, os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	return s
}

// files returns the files below a folder whose names end so.
func (s stored) files(t *testing.T, ends ...string) (paths []string) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(s.dir, "jetstream"), func(path string, d fs.DirEntry, err error) error {
		if info, _ := d.Info(); !d.IsDir() && info.Size() > 0 && slices.ContainsFunc(ends, func(end string) bool { return strings.HasSuffix(path, end) }) {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// entries returns the block of the entries.
func (s stored) entries(t *testing.T) string {
	t.Helper()
	paths := slices.DeleteFunc(s.files(t, ".blk"), func(path string) bool { return !strings.Contains(path, "/MIXSTREAM/") })
	if len(paths) != 1 {
		t.Fatalf("the blocks are %q", paths)
	}
	return paths[0]
}

// check opens the store, and checks that nothing is lost in silence: wherever a reader was, it
// gets all that came after, or is told a gap, and no id is given out again.
func (s stored) check(t *testing.T, told *notes) {
	t.Helper()
	m := tester{t, mustOpen(t, natslog.Options{Dir: s.dir, Logger: told.logger(), CheckInterval: 50 * time.Millisecond})}
	until(t, "the log can be used", func() bool {
		_, err := m.log.Lookup(t.Context(), "any")
		return err == nil || !strings.Contains(err.Error(), "unavailable")
	})
	gaps := 0
	for session, ids := range s.ids {
		next := m.append(own(session), 1)[0]
		if next <= s.last {
			t.Errorf("id %d is not above the last one before, %d", next, s.last)
		}
		r := m.follow(own(session))
		for i, position := range ids {
			h := history{position: position}
			if err := h.read(t.Context(), r); err != nil {
				t.Fatalf("read from %d: %v", position, err)
			}
			want := append(slices.Clone(ids[i+1:]), next)
			if h.gap > 0 {
				gaps++
				want = []uint64{next}
				h.ids = h.ids[max(len(h.ids)-1, 0):]
			}
			if !slices.Equal(h.ids, want) {
				t.Errorf("%s from %d: got %d, with a gap up to %d; want %d", session, position, h.ids, h.gap, want)
			}
		}
	}
	if gaps > 0 && !told.has("level=ERROR") {
		t.Errorf("%d gaps, and the logger was told %s", gaps, told.text.String())
	}
}

// Any bit of a store is flipped, or a file of it cut off.
func TestDamagedStore(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	n := 12
	if slow() {
		n = 100
	}
	for i := range n {
		killed := i%2 == 0
		s := store(t, killed)
		kinds := [][]string{{".blk"}, {".blk"}, {".blk"}, {"index.db", "meta.inf", "meta.sum", ".blk"}}
		paths := s.files(t, kinds[random.IntN(len(kinds))]...)
		path := paths[random.IntN(len(paths))]
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		at, bit := random.IntN(len(data)), random.IntN(8)
		what := fmt.Sprintf("bit %d of byte %d of %s", bit, at, strings.TrimPrefix(path, s.dir))
		if data[at] ^= 1 << bit; random.IntN(4) == 0 {
			data = data[:at]
			what = fmt.Sprintf("%s cut off at %d", strings.TrimPrefix(path, s.dir), at)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		t.Run(fmt.Sprintf("%d killed=%v %s", i, killed, strings.ReplaceAll(what, "/", "_")), func(t *testing.T) {
			told := &notes{}
			defer func() {
				if t.Failed() {
					t.Logf("the logger was told %s", told.text.String())
				}
			}()
			s.check(t, told)
		})
	}
}

// What a damaged store still had is there again, under new ids, and the old one is kept.
func TestDamagedStoreIsRepaired(t *testing.T) {
	s := store(t, false)
	flip(t, s.entries(t))
	told := &notes{}
	m := tester{t, mustOpen(t, natslog.Options{Dir: s.dir, Logger: told.logger()})}
	if !told.has("level=ERROR") || !told.has(".blk at byte") {
		t.Errorf("the logger was told %s", told.text.String())
	}
	left, all := 0, 0
	for session, ids := range s.ids {
		r := m.follow(own(session))
		r.expectGap(ids[0])
		floor, _ := r.bounds()
		h := history{position: floor}
		if err := h.read(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		left, all = left+len(h.ids), all+len(ids)
		for _, id := range h.ids {
			if id <= s.last {
				t.Errorf("id %d was given out again", id)
			}
		}
	}
	if left < all/3 || left >= all {
		t.Errorf("of %d entries %d are left", all, left)
	}
	if _, err := os.Stat(filepath.Join(s.dir, "damaged", "jetstream")); err != nil {
		t.Error(err)
	}
}

// A write that was not finished, and not acknowledged, is no damage.
func TestUnfinishedWrite(t *testing.T) {
	s := store(t, true)
	for _, path := range s.files(t, ".blk") {
		f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(make([]byte, 100)); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	told := &notes{}
	for range 3 { // the blocks that come after do not make it one
		l, err := natslog.Open(t.Context(), natslog.Options{Dir: s.dir, Logger: told.logger()})
		if err != nil {
			t.Fatal(err)
		}
		m := tester{t, l}
		for session, ids := range s.ids {
			m.follow(own(session)).expect(ids[0], ids[1:]...)
		}
		for range 12 {
			e := []eventlog.Entry{{Name: "content", Data: []byte(`"` + strings.Repeat("x", 1<<20) + `"`)}}
			if err := l.Append(t.Context(), own("large"), nil, e); err != nil {
				t.Fatal(err)
			}
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		if told.has("level=ERROR") {
			t.Fatalf("the logger was told %s", told.text.String())
		}
	}
}

// A store is damaged while the log runs.
func TestDamagedWhileRunning(t *testing.T) {
	dir, told := t.TempDir(), &notes{}
	m := tester{t, mustOpen(t, natslog.Options{Dir: dir, Logger: told.logger(), CheckInterval: 50 * time.Millisecond, AppendTimeout: 2 * time.Second, RequestTimeout: 500 * time.Millisecond})}
	ids := m.append(own("a"), 50)
	r := m.follow(own("a"))
	flip(t, stored{dir: dir}.entries(t))
	m.log.(*natslog.Log).Suspect()
	until(t, "the damage is told", func() bool { return told.has("is copied into a new one") })
	until(t, "the log goes on", func() bool { return told.has("goes on in another stream") })
	next := m.append(own("a"), 1)[0]
	if next <= ids[49] {
		t.Errorf("id %d after %d", next, ids[49])
	}
	r.expectGap(ids[10])
}

// A damaged sequence would make nats-server count to it.
func TestDamagedSequence(t *testing.T) {
	for i := range store(t, false).files(t, ".blk") {
		s := store(t, false)
		path := s.files(t, ".blk")[i]
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		length := int(binary.LittleEndian.Uint32(data) &^ (1 << 31))
		data[length+11] ^= 1 << 5 // bit 61 of the second message's
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		told := &notes{}
		s.check(t, told)
		if !told.has("level=ERROR") {
			t.Errorf("%s: the logger was told %s", path, told.text.String())
		}
	}
}
