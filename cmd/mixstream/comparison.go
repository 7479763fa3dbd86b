package main

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"
	"sync"

	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/mix"
)

// comparison compares the events that the server acknowledged with those that the client received.
type comparison struct {
	mu        sync.Mutex
	published map[uint64]*publishedEvent // by id
	kinds     map[string]bool

	received   int
	duplicates int
	reordered  int
	strange    int // received, but never published in this form
	last       uint64
}

// publishedEvent is one published event.
type publishedEvent struct {
	name string
	data []byte // nil if the server itself wrote the data
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

// acknowledged records an event for which the server returned an id. event is nil if the
// server wrote the data.
func (c *comparison) acknowledged(id, name string, event gen.Event) error {
	n, err := strconv.ParseUint(id, 10, 64)
	if err != nil {
		return err
	}
	var data []byte
	if event != nil {
		if _, data, err = gen.StreamEvents.Encode(event); err != nil {
			return err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.published == nil {
		c.published, c.kinds = make(map[uint64]*publishedEvent), make(map[string]bool)
	}
	c.published[n] = &publishedEvent{name: name, data: data}
	c.kinds[name] = true
	return nil
}

// arrival is a received event. It is kept until all acknowledgements are in, because an event
// may arrive before the call that published it returns.
type arrival struct {
	id   uint64
	name string
	data []byte
}

// check compares everything that arrived, in order, with what was acknowledged.
func (c *comparison) check(arrivals []arrival) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, a := range arrivals {
		c.received++
		p := c.published[a.id]
		switch {
		case p == nil || p.name != a.name || p.data != nil && !bytes.Equal(p.data, a.data):
			c.strange++
			continue
		case p.seen:
			c.duplicates++
		case a.id < c.last:
			c.reordered++
			p.seen = true
		default:
			p.seen = true
		}
		c.last = max(c.last, a.id)
	}
}

// summary counts the differences. An event that arrived in another form than published counts
// as lost, and one that was never published as doubled.
func (c *comparison) summary(reconnects int) summary {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := summary{
		Published:  len(c.published),
		Received:   c.received,
		Duplicates: c.duplicates + c.strange,
		Reordered:  c.reordered,
		Reconnects: reconnects,
	}
	for _, p := range c.published {
		if !p.seen {
			s.Lost++
		}
	}
	return s
}

// missing returns the ids of the events that never arrived, in order.
func (c *comparison) missing() []uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	var ids []uint64
	for id, p := range c.published {
		if !p.seen {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, cmp.Compare[uint64])
	return ids
}

// toArrival returns an event that the log holds; raw is its data. It returns false for
// connected, heartbeats and gaps, which the server adds to the stream.
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
		id = 0 // no published event has this id
	}
	return arrival{id, e.Name, bytes.Clone(raw)}, true
}
