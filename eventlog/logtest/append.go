package logtest

import (
	"slices"
	"sync"

	"github.com/mixstream/mixstream/eventlog"
)

func idsGrow(f *fixture) {
	scoped := eventlog.Session{ID: "a", Scope: "x"}
	var ids []uint64
	add := func(entries ...eventlog.Entry) {
		for _, e := range entries {
			ids = append(ids, e.ID)
		}
	}
	_, end := f.follow(own("z")).bounds()
	add(f.create(scoped))
	for range 3 {
		add(f.append(scoped, 2)...)
		add(f.append(own("b"), 1)...)
	}
	add(f.delete("a", patience))
	add(f.create(own("c")))
	add(f.delete("b", patience))

	for _, id := range ids {
		if id <= end {
			f.Fatalf("ids do not grow from the end that was %d: %d", end, ids)
		}
		end = id
	}
	if _, after := f.follow(own("z")).bounds(); after < end {
		f.Errorf("the end is %d after entry %d", after, end)
	}
}

func appendsStandTogether(f *fixture) {
	const writers, rounds, n = 4, 10, 3
	r := f.follow(own("a"))
	_, end := r.bounds()
	appended := make([][][]eventlog.Entry, writers)
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for range rounds {
				entries := f.entries(n)
				if err := f.log.Append(f.ctx, own("a"), nil, entries); err != nil {
					f.Errorf("Append: %v", err)
					return
				}
				appended[w] = append(appended[w], entries)
			}
		})
	}
	wg.Wait()

	all := slices.Concat(appended...)
	slices.SortFunc(all, func(a, b []eventlog.Entry) int {
		if a[0].ID < b[0].ID {
			return -1
		}
		return 1
	})
	r.expect(end, slices.Concat(all...)...)
}

func appendNothing(f *fixture) {
	r := f.follow(own("a"))
	_, end := r.bounds()
	if err := f.log.Append(f.ctx, own("a"), nil, nil); err != nil {
		f.Fatalf("Append: %v", err)
	}
	r.expect(end, f.append(own("a"), 1)...)
}

// invalidEntries tests that an entry that would break a stream adds nothing, and makes no
// record.
func invalidEntries(f *fixture) {
	known := f.append(own("known"), 1)
	for _, bad := range []eventlog.Entry{
		{Name: "content\ndata: evil", Data: []byte("{}")},
		{Name: "content\r", Data: []byte("{}")},
		{Name: "content", Data: []byte("{}\n\nid: 7")},
		{Name: "content", Data: []byte("{\r}")},
	} {
		f.want("Create", f.log.Create(f.ctx, own("a"), &bad), eventlog.ErrInvalidEntry)
		f.want("Append", f.log.Append(f.ctx, own("a"), nil, []eventlog.Entry{f.entry("good"), bad}), eventlog.ErrInvalidEntry)
		f.want("Append with a key", f.log.Append(f.ctx, own("a"), &eventlog.Key{Name: "key"}, []eventlog.Entry{bad}), eventlog.ErrInvalidEntry)
		f.want("Delete", f.log.Delete(f.ctx, "known", &bad, patience), eventlog.ErrInvalidEntry)
	}
	f.wantNoRecord("a")
	f.wantRecord(eventlog.Record{Session: own("known")})
	f.follow(own("known")).expect(known[0].ID-1, known...)
}
