package natslog_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/natslog"
	"github.com/mixstream/mixstream/internal/natstest"
)

// death is a call that a process dies in.
type death struct {
	call     call
	contents int  // events "content" that it appends
	fresh    bool // the session is not there before
}

// A process dies before one of the requests that its call makes, each in turn. What
// others are acknowledged afterwards is there for readers, once; so is what it has left
// half done, or it never was.
func TestDiesWithinCall(t *testing.T) {
	ns := natstest.Start(t, nil)
	other := mustOpen(t, natslog.Options{URL: ns.ClientURL()})
	for name, test := range map[string]death{
		"append":          {call: appendCall("", 1), contents: 1},
		"append, fresh":   {call: appendCall("", 1), contents: 1, fresh: true},
		"append, key":     {call: appendCall("k", 1), contents: 1},
		"append 3":        {call: appendCall("", 3), contents: 3},
		"append 3, fresh": {call: appendCall("", 3), contents: 3, fresh: true},
		"create":          {call: createCall, fresh: true},
		"delete":          {call: deleteCall(time.Hour)},
	} {
		for _, scope := range []string{"own", "shared"} {
			t.Run(name+"/"+scope, func(t *testing.T) {
				t.Parallel()
				for n, more := 1, true; more; n++ {
					s := within(scope, "dies ", name, scope, n)
					more = test.at(n, ns.ClientURL(), tester{t, other}, s)
					if !more && n < 3 {
						t.Fatalf("the call makes %d requests only", n-1)
					}
				}
			})
		}
	}
}

// at makes a process die before the nth request of its call, and reports whether the call
// makes as many.
func (d death) at(n int, url string, other tester, s eventlog.Session) bool {
	t := other.T
	before := other.follow(s)
	_, start := before.bounds()
	before.Close()
	steps := &stepper{}
	one := mustOpen(t, natslog.Options{URL: url, Connection: []nats.Option{nats.SetCustomDialer(steps)}})
	var acknowledged []uint64
	if !d.fresh {
		acknowledged = append(acknowledged, other.create(s))
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if !steps.before(n, func() {
		if ids, err := d.call(ctx, one, s); err == nil {
			acknowledged = append(acknowledged, ids...)
		}
	}, func() {
		steps.die()
		cancel()
	}) {
		return false
	}

	later := 0
	ids, err := appendCall("", 1)(t.Context(), other.log, s)
	switch {
	case err == nil:
		acknowledged = append(acknowledged, ids...)
		later = 1
	case !errors.Is(err, eventlog.ErrSessionDeleted):
		t.Errorf("request %d: Append: %v", n, err)
	}
	record, err := other.log.Lookup(t.Context(), s.ID)
	if err != nil {
		t.Errorf("request %d: Lookup: %v", n, err)
	}
	if record.Deleted != 0 {
		acknowledged = append(acknowledged, record.Deleted)
	}

	// A new reader need not be woken for what is there.
	r := other.follow(s)
	var got []eventlog.Entry
	_, end := r.bounds()
	for position := start; position < end; {
		b, err := r.Read(t.Context(), position, 1<<20)
		if err != nil {
			t.Fatalf("request %d: Read(%d): %v", n, position, err)
		}
		got, position = append(got, b.Entries...), b.Position
	}
	times := make(map[string]int)
	for i, e := range got {
		times[e.Name]++
		if i > 0 && e.ID <= got[i-1].ID {
			t.Errorf("request %d: entry %d after %d", n, e.ID, got[i-1].ID)
		}
	}
	for _, id := range acknowledged {
		if !slices.ContainsFunc(got, func(e eventlog.Entry) bool { return e.ID == id }) {
			t.Errorf("request %d: acknowledged entry %d is missing", n, id)
		}
	}
	of := times["content"] - later // of the call: all, or none
	if times["session_created"] > 1 || times["session_deleted"] > 1 || of != 0 && of != d.contents {
		t.Errorf("request %d: %v", n, times)
	}
	if end := record.Deleted; (end != 0) != (times["session_deleted"] == 1) || end != 0 && got[len(got)-1].ID != end {
		t.Errorf("request %d: the session ended with %d: %v", n, end, times)
	}
	return true
}
