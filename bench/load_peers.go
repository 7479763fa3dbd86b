package main

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/launchdarkly/eventsource"
	r3labs "github.com/r3labs/sse/v2"
	tmaxmax "github.com/tmaxmax/go-sse"

	"github.com/mixstream/mixstream/gen"
)

// replayed is how many events the servers that replay must keep.
func replayed() int { return unlessQuick(100_000, 1000) }

// loadTmaxmax is go-sse with its provider Joe.
type loadTmaxmax struct {
	tmaxmax.Server
	id     int
	replay bool // the replayer sets the ids
}

func newLoadTmaxmax(s loadSetup) (loadServer, error) {
	joe := new(tmaxmax.Joe)
	if s.Replay {
		replayer, err := tmaxmax.NewFiniteReplayer(replayed()+1, true)
		if err != nil {
			return nil, err
		}
		joe.Replayer = replayer
	}
	l := &loadTmaxmax{replay: s.Replay}
	l.Provider = joe
	l.OnSession = func(_ http.ResponseWriter, r *http.Request) ([]string, bool) {
		return []string{r.URL.Query().Get("sessionId")}, true
	}
	if s.Replay { // it replays the events after one that it has
		if err := l.publish(sessionName(0), loadHello()); err != nil {
			return nil, err
		}
	}
	return l, nil
}

func (l *loadTmaxmax) publish(session string, e *gen.ContentData) error {
	m := &tmaxmax.Message{Type: tmaxmax.Type("content")}
	if !l.replay {
		l.id++
		m.ID = tmaxmax.ID(strconv.Itoa(l.id))
	}
	m.AppendData(str(loadData(e)))
	return l.Publish(m, session)
}

// loadLaunchDarkly is eventsource.
type loadLaunchDarkly struct {
	server *eventsource.Server
	id     int
	kept   *eventsource.SliceRepository // nil: no replay
}

func newLoadLaunchDarkly(s loadSetup) (loadServer, error) {
	l := &loadLaunchDarkly{server: eventsource.NewServer()}
	l.server.BufferSize = max(l.server.BufferSize, s.Backlog)
	if s.Replay {
		l.kept = eventsource.NewSliceRepository()
		l.server.Register(sessionName(0), l.kept)
	}
	return l, nil
}

func (l *loadLaunchDarkly) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.server.Handler(r.URL.Query().Get("sessionId"))(w, r)
}

func (l *loadLaunchDarkly) publish(session string, e *gen.ContentData) error {
	l.id++
	p := &publication{id: fmt.Sprintf("%09d", l.id), name: "content", data: str(loadData(e))} // it sorts ids as text
	if l.kept != nil {
		l.kept.Add(session, p)
	}
	l.server.Publish([]string{session}, p)
	return nil
}

// loadR3labs is r3labs/sse.
type loadR3labs struct {
	*r3labs.Server
	id int
}

func newLoadR3labs(s loadSetup) (loadServer, error) {
	l := &loadR3labs{Server: r3labs.New()}
	l.AutoReplay = s.Replay
	l.BufferSize = max(l.BufferSize, s.Backlog)
	for i := range s.Sessions {
		l.CreateStream(sessionName(i))
	}
	return l, nil
}

func (l *loadR3labs) publish(session string, e *gen.ContentData) error {
	l.id++
	l.Publish(session, &r3labs.Event{ID: strconv.AppendInt(nil, int64(l.id), 10), Event: []byte("content"), Data: loadData(e)})
	return nil
}
