package sched

import (
	"sync"
	"time"

	"github.com/mixstream/mixstream/server/internal/clock"
)

const (
	// wheelSlots is into how many parts a wheel divides two usual rests, or less.
	wheelSlots = 256
	// maxPart caps how late the wheel calls a task. It calls a task that is due beyond all
	// slots too early, for nothing.
	maxPart = 100 * time.Millisecond
)

// wheel calls tasks when the instant has come until which they rest, by one timer for all.
// It is up to one part late, never early.
type wheel struct {
	clock clock.Clock
	part  time.Duration // of time, that one slot stands for

	// mu guards the fields below, and the spokes of all tasks.
	mu    sync.Mutex
	slots [wheelSlots]*Task
	n     int   // how many tasks it has
	at    int64 // the part of time whose slot is next
	timer *time.Timer
}

// spoke is the place of a task in the wheel.
type spoke struct {
	before, after *Task // in its slot
	in            bool
	slot          uint8
}

func (w *wheel) init(c clock.Clock, rest time.Duration) {
	w.clock = c
	w.part = min(max(2*rest/wheelSlots, time.Millisecond), maxPart)
}

// set makes the wheel call the task at an instant, and at no other that was set before.
func (w *wheel) set(t *Task, at clock.Instant) {
	now := w.clock.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.take(t)
	if w.n == 0 {
		w.at = w.partOf(now)
	}
	part := min(max(w.partOf(at), w.partOf(now), w.at), w.at+wheelSlots-1)
	w.put(t, uint8(part%wheelSlots)) //nolint:gosec // less than wheelSlots
	t.armed.Store(int64(at))
	if w.n == 1 {
		w.start(now)
	}
}

// remove takes out a task that is over.
func (w *wheel) remove(t *Task) {
	w.mu.Lock()
	defer w.mu.Unlock()
	t.armed.Store(0)
	if w.take(t); w.n == 0 && w.timer != nil {
		w.timer.Stop()
	}
}

func (w *wheel) partOf(t clock.Instant) int64 { return int64(t) / int64(w.part) }

// start makes the wheel look at the next slot when its part of time is over.
func (w *wheel) start(now clock.Instant) {
	wait := clock.Instant((w.at + 1) * int64(w.part)).Sub(now)
	if w.timer == nil {
		w.timer = time.AfterFunc(wait, w.turn)
		return
	}
	w.timer.Reset(wait)
}

// turn calls the tasks of all slots whose time has come, a few at a time: nothing is
// allocated, and the lock is free in between.
func (w *wheel) turn() {
	var due [64]*Task
	now := w.clock.Now()
	for {
		n := w.takeDue(now, due[:])
		if n == 0 {
			return
		}
		for _, t := range due[:n] {
			t.due()
		}
	}
}

// takeDue takes tasks out that are due, at most as many as due has room for. When none is
// left, it starts the timer again.
func (w *wheel) takeDue(now clock.Instant, due []*Task) (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = max(w.at, w.partOf(now)-wheelSlots) // after a stop, once around is all
	for ; w.n > 0 && w.at < w.partOf(now); w.at++ {
		for slot := &w.slots[w.at%wheelSlots]; *slot != nil; n++ {
			if n == len(due) {
				return n
			}
			due[n] = *slot
			w.take(*slot)
		}
	}
	if n == 0 && w.n > 0 {
		w.start(w.clock.Now()) // the wakes took their time
	}
	return n
}

func (w *wheel) put(t *Task, slot uint8) {
	first := w.slots[slot]
	t.spoke = spoke{in: true, slot: slot, after: first}
	if first != nil {
		first.spoke.before = t
	}
	w.slots[slot] = t
	w.n++
}

// take takes a task out of its slot, if it is in one.
func (w *wheel) take(t *Task) {
	s := t.spoke
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
	t.spoke = spoke{}
	w.n--
}
