package natslog_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/logtest"
	"github.com/mixstream/mixstream/eventlog/natslog"
	"github.com/mixstream/mixstream/internal/natstest"
)

// body is what is published under one key, in pieces of so many entries.
type body struct {
	texts  []string
	pieces []int
	apart  bool // the key is renewed and closed by calls without entries
}

// publish publishes the body to its end, as a caller that does not know what others have
// published of it.
func (b body) publish(ctx context.Context, l eventlog.Log, s eventlog.Session) error {
	key := &eventlog.Key{Name: "k"}
	all := make([]eventlog.Entry, len(b.texts))
	for i, text := range b.texts {
		all[i] = eventlog.Entry{Name: "content", Data: []byte(text)}
	}
	call := func(entries []eventlog.Entry) error {
		err := l.Append(ctx, s, key, entries)
		var stands *eventlog.KeyError
		if !errors.As(err, &stands) {
			return err
		}
		n := stands.Appended.Count
		if n <= key.Appended.Count || n > len(all) || !stands.Appended.Same(eventlog.Appended{}.Add(all[:n]...)) {
			return err
		}
		key.Appended = stands.Appended
		return nil
	}
	for _, n := range b.pieces {
		for end := min(len(all), key.Appended.Count+n); key.Appended.Count < end; {
			key.Close = end == len(all) && !b.apart
			if err := call(all[key.Appended.Count:end]); err != nil {
				return err
			}
		}
		if b.apart {
			key.Close = false
			if err := call(nil); err != nil {
				return err
			}
		}
	}
	if key.Close = true; key.Appended.Closed {
		return nil
	}
	return call(nil)
}

var keyBodies = map[string]body{
	"alone":             {texts: []string{`"0"`}, pieces: []int{1}},
	"alone, apart":      {texts: []string{`"0"`}, pieces: []int{1}, apart: true},
	"batch":             {texts: []string{`"0"`, `"1"`, `"2"`}, pieces: []int{3}},
	"pieces":            {texts: []string{`"0"`, `"1"`, `"2"`}, pieces: []int{1, 2}},
	"pieces, apart":     {texts: []string{`"0"`, `"1"`, `"2"`}, pieces: []int{2, 1}, apart: true},
	"another alone":     {texts: []string{`"x"`}, pieces: []int{1}},
	"another batch":     {texts: []string{`"x"`, `"y"`}, pieces: []int{2}},
	"another end":       {texts: []string{`"0"`, `"1"`, `"z"`}, pieces: []int{1, 2}},
	"another beginning": {texts: []string{`"x"`, `"1"`, `"2"`}, pieces: []int{1, 2}, apart: true},
}

// keyTest publishes bodies under one key. One publisher has stopped anywhere, or has died.
type keyTest struct {
	tester
	s       eventlog.Session
	from    uint64
	deleted bool
	won     []string
}

func (k *keyTest) note(which string, b body, err error) {
	k.Helper()
	switch {
	case err == nil && (k.won == nil || slices.Equal(k.won, b.texts)):
		k.won = b.texts
	case err == nil:
		k.Errorf("%s: %s is published, beside %s", which, b.texts, k.won)
	case !errors.Is(err, eventlog.ErrKeyReused) && !(k.deleted && errors.Is(err, eventlog.ErrSessionDeleted)):
		k.Errorf("%s: %v", which, err)
	}
}

// check checks that what won is in the session once, and nothing else is.
func (k *keyTest) check(what string) {
	k.Helper()
	record, err := k.log.Lookup(k.Context(), k.s.ID)
	end := record.Deleted
	if err != nil {
		k.Fatal(err)
	} else if end == 0 {
		end = k.append(k.s, 1)[0]
	}
	r := k.follow(k.s)
	defer r.Close()
	var got []string
	for position := k.from; position < end; {
		b, err := r.Read(k.Context(), position, 1<<20)
		if err != nil {
			k.Fatal(err)
		}
		for _, e := range b.Entries {
			if e.Data[0] == '"' {
				got = append(got, string(e.Data))
			}
		}
		position = b.Position
	}
	if k.won == nil && k.deleted { // the beginning of any
		return
	}
	if k.won == nil || !slices.Equal(got, k.won) {
		k.Errorf("%s: the session has %s, and %s is published", what, got, k.won)
	}
}

// Of bodies under one key that are published by two processes, one is there whole and
// once, and the others are refused: whatever the second process does before any of the
// requests of the first, and if the first dies there.
func TestKeysInterleaved(t *testing.T) {
	ns := natstest.Start(t, nil)
	makeStreams(t, ns, logtest.Options{})
	other := mustOpen(t, natslog.Options{URL: ns.ClientURL(), AppendTimeout: 2 * time.Second})
	steps := &stepper{}
	one := mustOpen(t, natslog.Options{URL: ns.ClientURL(), Connection: []nats.Option{nats.SetCustomDialer(steps)}})
	happenings := map[string]func(k *keyTest){
		"append": func(k *keyTest) { k.append(k.s, 1) },
		"delete": func(k *keyTest) {
			e := eventlog.Entry{Name: "session_deleted", Data: []byte("{}")}
			if err := k.log.Delete(k.Context(), k.s.ID, &e, time.Hour); err != nil && !errors.Is(err, eventlog.ErrSessionNotFound) {
				k.Error(err)
			}
			k.deleted = true
		},
		"create": func(k *keyTest) {
			e := eventlog.Entry{Name: "session_created", Data: []byte("{}")}
			if err := k.log.Create(k.Context(), k.s, &e); err != nil && !errors.Is(err, eventlog.ErrSessionExists) {
				k.Error(err)
			}
		},
	}
	for name, b := range keyBodies {
		happenings[name] = func(k *keyTest) { k.note("the second", b, b.publish(k.Context(), k.log, k.s)) }
	}
	skips := func() bool { return !slow() && rand.IntN(8) > 0 } // any of them, another time
	for name, first := range keyBodies {
		for second, happen := range happenings {
			if skips() {
				continue
			}
			t.Run(name+"/"+second, func(t *testing.T) {
				for n, more := 1, true; more; n++ {
					k := &keyTest{tester: tester{t, other}, s: within("own", name, second, n)}
					_, k.from = k.follow(k.s).bounds()
					var err error
					more = steps.before(n, func() {
						err = first.publish(t.Context(), one, k.s)
						_ = one.Connection().Flush() // what is sent without waiting
					}, func() { happen(k) })
					k.note("the first", first, err)
					k.note("the first again", first, first.publish(t.Context(), other, k.s))
					k.check(fmt.Sprint("request ", n))
				}
			})
		}
		t.Run(name+" dies", func(t *testing.T) {
			for second, happen := range happenings {
				if skips() && (name != "alone" || second != "batch") {
					continue
				}
				for n, more := 1, true; more; n++ {
					k := &keyTest{tester: tester{t, other}, s: within("own", name, "dies", second, n)}
					_, k.from = k.follow(k.s).bounds()
					steps := &stepper{}
					one := mustOpen(t, natslog.Options{URL: ns.ClientURL(), Connection: []nats.Option{nats.SetCustomDialer(steps)}})
					ctx, cancel := context.WithTimeout(t.Context(), patience)
					more = steps.before(n, func() {
						if first.publish(ctx, one, k.s) == nil {
							_ = one.Connection().FlushWithContext(ctx) // what is sent without waiting
						}
					}, func() {
						steps.die()
						cancel()
					})
					cancel()
					happen(k)
					k.note("the first again", first, first.publish(t.Context(), other, k.s))
					k.check(fmt.Sprint(second, " after the death at request ", n))
				}
			}
		})
	}
}
