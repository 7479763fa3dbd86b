package ingest

import (
	"errors"
	"strconv"
	"testing"

	"github.com/mixstream/mixstream/eventlog"
)

// entries returns the entries of a body, by their numbers.
func entries(from, to int) (all []eventlog.Entry) {
	for i := from; i < to; i++ {
		all = append(all, eventlog.Entry{Name: "content", Data: []byte(strconv.Itoa(i))})
	}
	return all
}

// has returns what a log has of the body 0, 1, 2, … under a key.
func has(n int, closed bool) eventlog.Appended {
	a := eventlog.Appended{}.Add(entries(0, n)...)
	a.Closed = closed
	return a
}

// other returns what a log has of another body.
func other(n int) eventlog.Appended { return eventlog.Appended{}.Add(entries(100, 100+n)...) }

// A key goes from state to state by what the log says and by what the body brings.
func TestKeyStates(t *testing.T) {
	appended := func(a eventlog.Appended) func(*key) error {
		return func(k *key) error { k.appended(&eventlog.Key{Appended: a}); return nil }
	}
	conflict := func(a eventlog.Appended) func(*key) error {
		return func(k *key) error { return k.conflict(a) }
	}
	compare := func(from, to int, goesOn bool) func(*key) error {
		return func(k *key) error { _, err := k.compare(entries(from, to), goesOn); return err }
	}
	renewed := func(a eventlog.Appended) func(*key) error {
		return func(k *key) error { k.renewed(&eventlog.Key{Appended: a}, nil); return nil }
	}
	renewal := func(err error) func(*key) error {
		return func(k *key) error { k.renewed(&eventlog.Key{}, err); return nil }
	}
	lead := func(n int) key { return key{name: "k", log: has(n, false)} }
	repeat := func(body int, log eventlog.Appended) key {
		return key{name: "k", state: repeating, body: has(body, false), log: log}
	}
	for name, row := range map[string]struct {
		before key
		event  func(*key) error
		state  keyState
		count  int // what the log has
		open   bool
		err    error
	}{
		"nothing":                            {lead(0), func(*key) error { return nil }, inStep, 0, false, nil},
		"appended":                           {lead(0), appended(has(2, false)), inStep, 2, true, nil},
		"appended the end":                   {lead(1), appended(has(2, true)), closed, 2, false, nil},
		"the log has more":                   {lead(1), conflict(has(3, false)), repeating, 3, false, nil},
		"the log has more at once":           {lead(0), conflict(has(3, true)), repeating, 3, false, nil},
		"the log has fewer":                  {lead(3), conflict(has(1, false)), inStep, 3, true, eventlog.ErrKeyForgotten},
		"the log has others":                 {lead(3), conflict(other(3)), inStep, 3, true, eventlog.ErrKeyReused},
		"an event after the end":             {key{state: publishedBefore, log: has(3, true)}, conflict(has(3, true)), publishedBefore, 3, false, eventlog.ErrKeyReused},
		"some are repeated":                  {repeat(0, has(3, false)), compare(0, 2, true), repeating, 3, false, nil},
		"all are repeated":                   {repeat(1, has(3, false)), compare(1, 3, true), inStep, 3, true, nil},
		"all and more":                       {repeat(1, has(3, false)), compare(1, 9, true), inStep, 3, true, nil},
		"all, and the body ends":             {repeat(1, has(3, false)), compare(1, 3, false), inStep, 3, true, nil},
		"all, to the end":                    {repeat(1, has(3, true)), compare(1, 3, true), publishedBefore, 3, false, nil},
		"too few":                            {repeat(1, has(3, true)), compare(1, 2, false), repeating, 3, false, eventlog.ErrKeyReused},
		"none, and the body ends":            {repeat(1, has(3, true)), compare(0, 0, false), repeating, 3, false, eventlog.ErrKeyReused},
		"others":                             {repeat(1, has(3, true)), compare(5, 7, true), repeating, 3, false, eventlog.ErrKeyReused},
		"others, at first":                   {repeat(0, has(3, true)), compare(5, 6, true), repeating, 3, false, nil},
		"renewed":                            {lead(2), renewed(has(2, false)), inStep, 2, true, nil},
		"renewed, and another has ended":     {lead(2), renewed(has(2, true)), publishedBefore, 2, false, nil},
		"renewed while repeating":            {repeat(1, has(3, false)), renewed(has(3, true)), repeating, 3, false, nil},
		"a renewal finds more":               {lead(2), renewal(&eventlog.KeyError{Appended: has(4, false)}), repeating, 4, false, nil},
		"a renewal finds fewer":              {lead(2), renewal(&eventlog.KeyError{Appended: has(1, false)}), inStep, 2, true, nil},
		"a renewal finds others":             {lead(2), renewal(&eventlog.KeyError{Appended: other(2)}), inStep, 2, true, nil},
		"a renewal fails":                    {lead(2), renewal(eventlog.ErrUnavailable), inStep, 2, true, nil},
		"a renewal while repeating: more":    {repeat(1, has(3, false)), renewal(&eventlog.KeyError{Appended: has(5, false)}), repeating, 5, false, nil},
		"a renewal while repeating: its end": {repeat(1, has(3, false)), renewal(&eventlog.KeyError{Appended: has(3, true)}), repeating, 3, false, nil},
		"a renewal while repeating: fewer":   {repeat(1, has(3, false)), renewal(&eventlog.KeyError{Appended: has(2, false)}), repeating, 3, false, nil},
	} {
		t.Run(name, func(t *testing.T) {
			k := row.before
			err := row.event(&k)
			if !errors.Is(err, row.err) || k.state != row.state || k.log.Count != row.count || k.open() != row.open {
				t.Errorf("error %v, state %d with %d, open %v; want %v, state %d with %d, open %v", err, k.state, k.log.Count, k.open(), row.err, row.state, row.count, row.open)
			}
		})
	}
}

// The appends of a request tell the log what it knows of the key. A body without a key has none there.
func TestKeyAt(t *testing.T) {
	var k key
	if at := k.forAppend(true); at != nil {
		t.Errorf("got %+v", at)
	}
	k.appended(nil)
	if k.state != inStep || k.open() {
		t.Errorf("got %+v", k)
	}
	k = key{name: "publish/k", log: has(2, false)}
	if at := k.forAppend(true); at.Name != "publish/k" || !at.Appended.Same(has(2, false)) || !at.Close {
		t.Errorf("got %+v", at)
	}
	if k.forAppend(false).Close {
		t.Error("the key is closed before the end")
	}
}
