package server

import (
	"errors"
	"net/http"
	"testing"

	"github.com/mixstream/mixstream/gen"
)

// Each row of a gate's limits counts for itself, and what is over one of them takes nothing of
// the others.
func TestLimitRows(t *testing.T) {
	client := func(r *http.Request) string { return r.Host }
	c := &config{maxStreams: 4, maxStreamsPerSession: 2, maxStreamsPerClient: 3, clientKey: client, maxPublishes: 2, publishClientKey: client}
	type ask struct{ session, client string }
	for name, row := range map[string]struct {
		limits  [maxLimits]limit
		open    []ask
		next    ask
		status  int // of the refusal; 0: there is a place
		message string
	}{
		"the first":           {streamLimits(c), nil, ask{"a", "x"}, 0, ""},
		"the last in all":     {streamLimits(c), []ask{{"a", "x"}, {"b", "x"}, {"c", "y"}}, ask{"d", "y"}, 0, ""},
		"one too many in all": {streamLimits(c), []ask{{"a", "x"}, {"b", "x"}, {"c", "y"}, {"d", "y"}}, ask{"e", "z"}, 503, "too many streams"},
		"of a session":        {streamLimits(c), []ask{{"a", "x"}, {"a", "y"}}, ask{"a", "z"}, 429, "too many streams of this session"},
		"of another session":  {streamLimits(c), []ask{{"a", "x"}, {"a", "y"}}, ask{"b", "z"}, 0, ""},
		"of a client":         {streamLimits(c), []ask{{"a", "x"}, {"b", "x"}, {"c", "x"}}, ask{"d", "x"}, 429, "too many streams of this client"},
		"of no client":        {streamLimits(c), []ask{{"a", ""}, {"b", ""}, {"c", ""}}, ask{"d", ""}, 0, ""},
		"publishes":           {ingestLimits(c), []ask{{"a", "x"}, {"a", "x"}}, ask{"a", "x"}, 503, "too many requests that publish"},
		"publishes of client": {ingestLimits(&config{maxPublishesPerClient: 1, publishClientKey: client}), []ask{{"a", "x"}, {"a", "y"}}, ask{"b", "x"}, 429, "too many requests of this client that publish"},
		"without limits":      {streamLimits(&config{}), []ask{{"a", "x"}, {"a", "x"}, {"a", "x"}}, ask{"a", "x"}, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			l := &limits{rows: row.limits}
			take := func(a ask) (place, error) { return l.take(&http.Request{Host: a.client}, a.session) }
			var places []place
			for _, a := range row.open {
				p, err := take(a)
				if err != nil {
					t.Fatalf("%v: %v", a, err)
				}
				places = append(places, p)
			}
			for range 2 { // a refusal takes nothing, and what is freed can be taken again
				p, err := take(row.next)
				refusal, ok := errors.AsType[*RefusalError](err)
				if ok != (row.status != 0) || ok && (refusal.Status != row.status || refusal.Message != row.message) {
					t.Errorf("got %v, want %d %s", err, row.status, row.message)
				}
				l.free(p)
			}
			for _, p := range places {
				l.free(p)
			}
			for i, open := range l.open {
				if open != nil {
					t.Errorf("row %d still counts %v", i, open)
				}
			}
		})
	}
}

// A function of the application may take its time: the mutex is free while it runs.
func TestClientKeyIsCalledWithoutMutex(t *testing.T) {
	var l limits
	free := false
	l.rows = streamLimits(&config{maxStreamsPerClient: 1, clientKey: func(*http.Request) string {
		if free = l.mu.TryLock(); free {
			l.mu.Unlock()
		}
		return "x"
	}})
	if _, err := l.take(new(http.Request), "s"); err != nil || !free {
		t.Errorf("the mutex is free: %t, and the error is %v", free, err)
	}
}

func TestDefaultLimits(t *testing.T) {
	key := func(*http.Request) string { return "one" }
	none := WithLimits(Limits{Streams: Unlimited, StreamsPerSession: Unlimited, StreamsPerClient: Unlimited, ClientKey: key, Publishes: Unlimited, PublishesPerClient: Unlimited})
	for name, test := range map[string]struct {
		opts            []Option
		streams, ingest [maxLimits]int
	}{
		"by default": {nil, [maxLimits]int{20_000, 10_000, 0}, [maxLimits]int{1000, 250, 0}},
		"unlimited":  {[]Option{none}, [maxLimits]int{}, [maxLimits]int{}},
	} {
		srv, err := New(gen.StreamEvents, test.opts...)
		if err != nil {
			t.Fatal(err)
		}
		for i := range maxLimits {
			if streams, ingest := srv.engine.streamGate.limits.rows[i].max, srv.engine.ingestGate.limits.rows[i].max; streams != test.streams[i] || ingest != test.ingest[i] {
				t.Errorf("%s: limit %d is %d of streams and %d of ingest requests", name, i, streams, ingest)
			}
		}
	}
}
