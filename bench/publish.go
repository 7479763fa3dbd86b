package main

import (
	"bytes"
	"context"
	stdjson "encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/bytedance/sonic"
	jsonv2 "github.com/go-json-experiment/json"
	gojson "github.com/goccy/go-json"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
)

// publishing is one way to publish token i, in one process and without a socket.
type publishing struct {
	name    string
	publish func(i int) error
}

// publishBodies are bodies of requests that publish one token each.
var publishBodies = func() (bodies [64][]byte) {
	for i := range bodies {
		bodies[i] = fmt.Appendf(nil, `{"event":"content","data":%s}`, token(i).data)
	}
	return bodies
}()

// overHTTP publishes by requests to a handler.
func overHTTP(name string, handler http.Handler) publishing {
	return publishing{name, func(i int) error {
		r, err := http.NewRequest(http.MethodPost, "http://memory/stream?sessionId=s", bytes.NewReader(publishBodies[i])) //nolint:noctx // no handler waits
		if err != nil {
			return err
		}
		r.Header.Set("Content-Type", "application/json")
		w := &statusWriter{header: make(http.Header)}
		if handler.ServeHTTP(w, r); w.status != http.StatusCreated {
			return fmt.Errorf("%s: status %d: %s", name, w.status, w.body)
		}
		return nil
	}}
}

// statusWriter is an answer in memory.
type statusWriter struct {
	header http.Header
	status int
	body   []byte
}

func (w *statusWriter) Header() http.Header { return w.header }

func (w *statusWriter) WriteHeader(status int) { w.status = status }

func (w *statusWriter) Write(p []byte) (int, error) {
	w.body = append(w.body, p...)
	return len(p), nil
}

// plainPublisher does the minimum of a handler that takes events of a spec: it decodes the
// event into its Go type and appends the data to a log. It checks no more of the event.
func plainPublisher(log *eventlog.Memory, unmarshal func(data []byte, v any) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var event struct {
			Event string             `json:"event"`
			Data  stdjson.RawMessage `json:"data"`
		}
		if err == nil {
			err = unmarshal(body, &event)
		}
		if err == nil {
			err = unmarshal(event.Data, new(gen.ContentData))
		}
		var id uint64
		if err == nil {
			id, err = appendTo(log, r.URL.Query().Get("sessionId"), event.Data)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		text := strconv.FormatUint(id, 10)
		answer, err := stdjson.Marshal(gen.PublishResult{FirstID: text, LastID: text, Count: 1})
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write(answer)
	})
}

func appendTo(log *eventlog.Memory, session string, data []byte) (uint64, error) {
	entries := []eventlog.Entry{{Name: string(gen.EventNameContent), Data: data}}
	err := log.Append(context.Background(), eventlog.Session{ID: session}, nil, entries)
	return entries[0].ID, err
}

// newPublishLog returns a log that forgets, so that a measurement does not fill the memory.
func newPublishLog() *eventlog.Memory {
	return eventlog.NewMemory(eventlog.Retention{Entries: 1000})
}

// publishings returns what publishes through a handler, and what publishes without one. The
// first of each is its floor.
func publishings() (handled, direct []publishing, err error) {
	srv, err := mix.NewServer(server.WithLog(newPublishLog()), server.WithPublishAuthorizer(func(*http.Request, string) error { return nil }))
	if err != nil {
		return nil, nil, err
	}
	ctx := context.Background()
	log := newPublishLog()
	var typed [len(publishBodies)]gen.Event
	var data [len(publishBodies)][]byte
	for i := range typed {
		typed[i], data[i] = typedToken(i), token(i).data
	}
	handled = []publishing{
		overHTTP("plain handler, encoding/json", plainPublisher(newPublishLog(), stdjson.Unmarshal)),
		overHTTP("**mixstream `server`, which checks the schema**", srv),
		overHTTP("plain handler, go-json-experiment/json", plainPublisher(newPublishLog(), func(data []byte, v any) error { return jsonv2.Unmarshal(data, v) })),
		overHTTP("plain handler, goccy/go-json", plainPublisher(newPublishLog(), gojson.Unmarshal)),
		overHTTP("plain handler, bytedance/sonic", plainPublisher(newPublishLog(), sonic.Unmarshal)),
	}
	direct = []publishing{
		{"`json.Marshal` and `Append` to the log", func(i int) error {
			data, err := stdjson.Marshal(typed[i])
			if err == nil {
				_, err = appendTo(log, "s", data)
			}
			return err
		}},
		{"**mixstream `Publish`, which checks the schema**", func(i int) error {
			_, err := srv.Publish(ctx, "s", typed[i])
			return err
		}},
		{"**mixstream `PublishJSON`, which checks the schema**", func(i int) error {
			_, err := srv.PublishJSON(ctx, "s", string(gen.EventNameContent), data[i])
			return err
		}},
	}
	return handled, direct, nil
}

func (p publishing) job() *job {
	return &job{ops: len(publishBodies), run: func() error {
		for i := range publishBodies {
			if err := p.publish(i); err != nil {
				return err
			}
		}
		return nil
	}}
}

func writePublish(_ context.Context, o *output) error {
	handled, direct, err := publishings()
	if err != nil {
		return err
	}
	var jobs []*job
	for _, p := range slices.Concat(handled, direct) {
		jobs = append(jobs, p.job())
	}
	if err := measure(jobs, budget{rounds: 51, least: 5, total: 8 * time.Second, sample: 4 * time.Millisecond}); err != nil {
		return err
	}
	o.head("", "per event", "× the first", "allocs", "bytes")
	row := func(p publishing, j, floor *job) {
		r := j.result()
		o.row(p.name, duration(r.ns), digits(j.ratio(floor)), count(r.allocs), count(r.bytes))
	}
	for i, p := range handled {
		row(p, jobs[i], jobs[0])
	}
	for i, p := range direct {
		row(p, jobs[len(handled)+i], jobs[len(handled)])
	}
	return nil
}
