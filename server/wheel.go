package server

import (
	"sync"
	"time"
)

const (
	// wheelSlots is into how many parts a wheel divides two heartbeat intervals, or less.
	wheelSlots = 256
	// maxPart bounds how early a stream is called for what is due. One that is due beyond
	// all slots is called before, for nothing.
	maxPart = 100 * time.Millisecond
)

// wheel calls detached streams when something is due, by one timer for all. It is
// early by a part of the heartbeat interval rather than late.
type wheel struct {
	server *engine
	part   time.Duration // of time, for which one slot stands

	mu    sync.Mutex
	slots [wheelSlots]*detached
	n     int   // how many streams it has
	at    int64 // the part of time whose slot is next
	timer *time.Timer
}

// spoke is the place of a stream in the wheel.
type spoke struct {
	in            bool
	slot          uint8
	before, after *detached // in its slot
}

func (w *wheel) init(s *engine) {
	w.server = s
	w.part = min(max(2*s.cfg.heartbeat/wheelSlots, time.Millisecond), maxPart)
}

// early returns a time that has passed, and been noticed, when d has.
func (w *wheel) early(d time.Duration) time.Duration { return max(d-2*w.part, d/2) }

// set has the stream called at a time, and at no other that was set before.
func (w *wheel) set(d *detached, due instant) {
	now := w.server.now()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.take(d)
	if w.n == 0 {
		w.at = int64(now) / int64(w.part)
	}
	part := min(max(int64(due)/int64(w.part), w.at), w.at+wheelSlots-1)
	w.put(d, uint8(part%wheelSlots)) //nolint:gosec // less than wheelSlots
	if w.n == 1 {
		w.start(now)
	}
}

// remove takes a stream out that has ended.
func (w *wheel) remove(d *detached) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.take(d); w.n == 0 && w.timer != nil {
		w.timer.Stop()
	}
}

// start has the next slot looked at when its part of time begins.
func (w *wheel) start(now instant) {
	wait := instant((w.at + 1) * int64(w.part)).sub(now)
	if w.timer == nil {
		w.timer = time.AfterFunc(wait, w.turn)
		return
	}
	w.timer.Reset(wait)
}

// turn calls the streams of all slots whose time has come.
func (w *wheel) turn() {
	now := w.server.now()
	var due []*detached
	w.mu.Lock()
	for ; w.n > 0 && w.at < int64(now)/int64(w.part); w.at++ {
		slot := &w.slots[w.at%wheelSlots]
		for *slot != nil {
			due = append(due, *slot)
			w.take(*slot)
		}
	}
	if w.n > 0 {
		w.start(now)
	}
	w.mu.Unlock()
	for _, d := range due {
		d.call(callTimer)
	}
}

func (w *wheel) put(d *detached, slot uint8) {
	first := w.slots[slot]
	d.spoke = spoke{in: true, slot: slot, after: first}
	if first != nil {
		first.spoke.before = d
	}
	w.slots[slot] = d
	w.n++
}

// take takes a stream out of its slot, if it is in one.
func (w *wheel) take(d *detached) {
	s := d.spoke
	if !s.in {
		return
	}
	if s.before == nil {
		w.slots[s.slot] = s.after
	} else {
		s.before.spoke.after = s.after
	}
	if s.after != nil {
		s.after.spoke.before = s.before
	}
	d.spoke = spoke{}
	w.n--
}
