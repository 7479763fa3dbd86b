package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"sync"

	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/mix"
)

// ledger holds what the server acknowledged against what the client received.
type ledger struct {
	mu        sync.Mutex
	published map[uint64]*account // by id
	kinds     map[string]bool

	received   int
	duplicates int
	reordered  int
	strange    int // received but never published in this form
	last       uint64
}

// account is one published event.
type account struct {
	name string
	data []byte // nil where the server itself wrote the data
	seen bool
}

// summary is the outcome of a demonstration.
type summary struct {
	Published  int `json:"published"`
	Received   int `json:"received"`
	Lost       int `json:"lost"`
	Duplicates int `json:"duplicates"`
	Reordered  int `json:"reordered"`
	Reconnects int `json:"reconnects"`
}

func (s summary) clean() bool { return s.Lost == 0 && s.Duplicates == 0 && s.Reordered == 0 }

// acknowledged enters an event for which the server returned an id. Event is nil
// for one whose data the server wrote.
func (l *ledger) acknowledged(id, name string, event gen.Event) error {
	n, err := strconv.ParseUint(id, 10, 64)
	if err != nil {
		return err
	}
	var data []byte
	if event != nil {
		if data, err = json.Marshal(event); err != nil {
			return err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.published == nil {
		l.published, l.kinds = make(map[uint64]*account), make(map[string]bool)
	}
	l.published[n] = &account{name: name, data: data}
	l.kinds[name] = true
	return nil
}

// arrival is a received event that is kept until all acknowledgements are in:
// an event may arrive before the call that published it has returned.
type arrival struct {
	id   uint64
	name string
	data []byte
}

// check compares everything that arrived, in that order, with what was acknowledged.
func (l *ledger) check(arrivals []arrival) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, a := range arrivals {
		l.received++
		p := l.published[a.id]
		switch {
		case p == nil || p.name != a.name || p.data != nil && !bytes.Equal(p.data, a.data):
			l.strange++
			continue
		case p.seen:
			l.duplicates++
		case a.id < l.last:
			l.reordered++
			p.seen = true
		default:
			p.seen = true
		}
		l.last = max(l.last, a.id)
	}
}

// summary counts. An event that arrived in another form than it was published in
// counts as lost; one that was never published counts as doubled.
func (l *ledger) summary(reconnects int) summary {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := summary{
		Published:  len(l.published),
		Received:   l.received,
		Duplicates: l.duplicates + l.strange,
		Reordered:  l.reordered,
		Reconnects: reconnects,
	}
	for _, p := range l.published {
		if !p.seen {
			s.Lost++
		}
	}
	return s
}

// missing returns the ids of the events that never arrived, in order.
func (l *ledger) missing() []uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	var ids []uint64
	for id, p := range l.published {
		if !p.seen {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, cmp.Compare[uint64])
	return ids
}

// toArrival returns an event, whose data came as raw, that the log holds;
// connected, heartbeats and gaps are only said.
func toArrival(e mix.Event, raw []byte) (arrival, bool) {
	switch d := e.Data.(type) {
	case *gen.ConnectedData, *gen.HeartbeatData:
		return arrival{}, false
	case *gen.ErrorData:
		if d.Type != nil && *d.Type == mix.ReplayGap {
			return arrival{}, false
		}
	}
	id, err := strconv.ParseUint(e.ID, 10, 64)
	if err != nil {
		id = 0 // no such id is ever published
	}
	return arrival{id, e.Name, bytes.Clone(raw)}, true
}
