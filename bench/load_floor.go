package main

import (
	"net/http"
	"slices"
	"strconv"
	"sync"

	"github.com/mixstream/mixstream/gen"
)

// loadFloor does the minimum of a server over a log: the frames of a session in a slice, and a
// channel to wake each reader. It has no limits, deadlines or heartbeats, and forgets nothing.
type loadFloor struct {
	coalesce bool
	replay   bool
	sessions map[string]*floorSession // constant once made
	id       uint64
}

type floorSession struct {
	mu     sync.Mutex
	frames [][]byte
	wakes  []chan struct{} // one for each reader
}

func newLoadFloor(s loadSetup, coalesce bool) *loadFloor {
	f := &loadFloor{coalesce: coalesce, replay: s.Replay, sessions: make(map[string]*floorSession), id: 1_790_000_000_000_000}
	for i := range s.Sessions {
		f.sessions[sessionName(i)] = new(floorSession)
	}
	return f
}

func (f *loadFloor) publish(session string, e *gen.ContentData) error {
	data := loadData(e)
	frame := make([]byte, 0, loadFrame)
	frame = append(frame, "event: content\ndata: "...)
	frame = append(frame, data...)
	frame = append(frame, "\nid: "...)
	f.id++
	frame = strconv.AppendUint(frame, f.id, 10)
	frame = append(frame, "\n\n"...)

	s := f.sessions[session]
	s.mu.Lock()
	defer s.mu.Unlock()
	s.frames = append(s.frames, frame)
	for _, wake := range s.wakes {
		select {
		case wake <- struct{}{}:
		default:
		}
	}
	return nil
}

// floorWrite is how many bytes the coalescing floor writes at once.
const floorWrite = 64 << 10

var floorBuffers = sync.Pool{New: func() any { return new([]byte) }}

func (f *loadFloor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s := f.sessions[r.URL.Query().Get("sessionId")]
	if s == nil {
		http.NotFound(w, r)
		return
	}
	wake := make(chan struct{}, 1)
	next := s.enter(wake, f.replay)
	defer s.leave(wake)
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-cache")
	flusher, ok := w.(http.Flusher)
	if !ok {
		http.Error(w, "no flush", http.StatusInternalServerError)
		return
	}
	flusher.Flush()
	write := writeEach
	if f.coalesce {
		write = writeTogether
	}
	for {
		s.mu.Lock()
		pending := s.frames[next:]
		s.mu.Unlock()
		next += len(pending)
		if err := write(w, flusher, pending); err != nil {
			return
		}
		select {
		case <-wake:
		case <-r.Context().Done():
			return
		}
	}
}

func (s *floorSession) enter(wake chan struct{}, fromStart bool) (next int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wakes = append(s.wakes, wake)
	if fromStart {
		return 0
	}
	return len(s.frames)
}

func (s *floorSession) leave(wake chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.Index(s.wakes, wake)
	s.wakes = slices.Delete(s.wakes, i, i+1)
}

func writeEach(w http.ResponseWriter, flusher http.Flusher, frames [][]byte) error {
	for _, frame := range frames {
		if _, err := w.Write(frame); err != nil {
			return err
		}
		flusher.Flush()
	}
	return nil
}

func writeTogether(w http.ResponseWriter, flusher http.Flusher, frames [][]byte) error {
	if len(frames) == 0 {
		return nil
	}
	buf := floorBuffers.Get().(*[]byte)
	defer floorBuffers.Put(buf)
	for len(frames) > 0 {
		*buf = (*buf)[:0]
		for len(frames) > 0 && len(*buf)+len(frames[0]) <= floorWrite {
			*buf = append(*buf, frames[0]...)
			frames = frames[1:]
		}
		if _, err := w.Write(*buf); err != nil {
			return err
		}
		flusher.Flush()
	}
	return nil
}

// loadBare only holds connections.
type loadBare struct{}

func (loadBare) publish(string, *gen.ContentData) error { return nil }

func (loadBare) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-cache")
	if _, err := w.Write([]byte("data: !\n\n")); err != nil {
		return
	}
	if flusher, ok := w.(http.Flusher); ok {
		flusher.Flush()
	}
	<-r.Context().Done()
}
