package server_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
)

func TestObserverOfPublications(t *testing.T) {
	ctx := context.Background()
	full := errors.New("full")
	var events *servertest.FaultyLog
	for _, test := range []struct {
		name    string
		publish func(srv *mix.Server) (string, error)
		event   string
		bytes   int
		err     error
	}{
		{"Publish", func(srv *mix.Server) (string, error) { return srv.Publish(ctx, "s", servertest.Content("x")) },
			"content", len(`{"content":"x","type":"content"}`), nil},
		{"PublishJSON", func(srv *mix.Server) (string, error) {
			return srv.PublishJSON(ctx, "s", "content", []byte(`{ "content": "x", "type": "content" }`))
		}, "content", len(`{"content":"x","type":"content"}`), nil},
		{"CreateSession", func(srv *mix.Server) (string, error) { return srv.CreateSession(ctx, "new", "x") }, "session_created", -1, nil},
		{"DeleteSession", func(srv *mix.Server) (string, error) { return srv.DeleteSession(ctx, "old") }, "session_deleted", -1, nil},
		{"nil", func(srv *mix.Server) (string, error) { return srv.Publish(ctx, "s", nil) }, "", 0, contract.ErrNilEvent},
		{"nil pointer", func(srv *mix.Server) (string, error) { return srv.Publish(ctx, "s", (*gen.ContentData)(nil)) }, "", 0, contract.ErrNilEvent},
		{"reserved", func(srv *mix.Server) (string, error) { return srv.Publish(ctx, "s", &gen.HeartbeatData{}) }, "heartbeat", len(`{"type":""}`), server.ErrReservedEvent},
		{"unknown", func(srv *mix.Server) (string, error) {
			return srv.PublishJSON(ctx, "s", "from outside", []byte(`{}`))
		}, "", 2, contract.ErrUnknownEvent},
		{"too large", func(srv *mix.Server) (string, error) {
			return srv.Publish(ctx, "s", servertest.Content(strings.Repeat("x", 1000)))
		}, "content", 1000 + len(`{"content":"","type":"content"}`), server.ErrEventTooLarge},
		{"bad session", func(srv *mix.Server) (string, error) { return srv.Publish(ctx, "\n", servertest.Content("x")) }, "content", 32, server.ErrInvalidSessionID},
		{"exists", func(srv *mix.Server) (string, error) { return srv.CreateSession(ctx, "old", "x") }, "session_created", -1, eventlog.ErrSessionExists},
		{"does not exist", func(srv *mix.Server) (string, error) { return srv.DeleteSession(ctx, "nobody") }, "session_deleted", -1, eventlog.ErrSessionNotFound},
		{"log", func(srv *mix.Server) (string, error) {
			events.AppendErr = full
			return srv.Publish(ctx, "s", servertest.Content("x"))
		}, "content", 32, full},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := servertest.NewObserver()
			events = &servertest.FaultyLog{Log: eventlog.NewMemory(eventlog.Retention{})}
			srv := servertest.NewServer(t, server.WithObserver(o), server.WithLog(events), server.WithLimits(server.Limits{EventSize: 500}))
			servertest.Publish(t, srv, "old", "")
			servertest.Receive(t, o.Publications)
			id, err := test.publish(srv)
			p := servertest.Receive(t, o.Publications)
			if p.ID != id || !errors.Is(p.Err, err) || (err == nil) != (id != "") || p.Duration <= 0 {
				t.Errorf("got %+v for %q, %v", p, id, err)
			}
			if !errors.Is(p.Err, test.err) || p.Event != test.event || p.Bytes != test.bytes && (test.bytes >= 0 || p.Bytes == 0) {
				t.Errorf("got %+v, want %+v", p, test)
			}
			if len(o.Publications) > 0 {
				t.Errorf("told twice")
			}
		})
	}
}

func TestObserverOfStreams(t *testing.T) { servertest.BothModes(t, testObserverOfStreams) }

func testObserverOfStreams(t *testing.T, mode servertest.Mode) {
	for _, test := range []struct {
		name     string
		resume   int // the index of the id to resume at; -1 for none
		text     string
		position int // the index of the id
		replayed int // -1 if no replay is told
		gaps     int
	}{
		{"fresh", -1, "", 119, -1, 0},
		{"up to date", 119, "", 119, 0, 0},
		{"ten behind", 109, "", 109, 10, 0},
		{"everything", -1, "0", 19, 100, 0},
		{"gap", 3, "", 19, 100, 1},
		{"malformed", -1, "x", 19, 100, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := servertest.NewObserver()
			srv := mode.NewServer(t, server.WithObserver(o), servertest.SmallLog(100))
			remote := make(chan string, 1)
			ts := servertest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				remote <- r.RemoteAddr
				srv.ServeHTTP(w, r)
			}))
			ids := servertest.PublishN(t, srv, "s", 120)
			resume := test.text
			if test.resume >= 0 {
				resume = ids[test.resume]
			}
			r := servertest.Open(t, ts, "s", resume)
			s := servertest.Receive(t, o.Streams)
			want := server.StreamInfo{Operation: "streamEvents", SessionID: "s", RemoteAddr: servertest.Receive(t, remote), Resumed: resume != "", Position: ids[test.position]}
			if s.Info != want {
				t.Errorf("got %+v, want %+v", s.Info, want)
			}
			if test.replayed >= 0 {
				if n := servertest.Receive(t, s.Replays); n != test.replayed {
					t.Errorf("%d events replayed, want %d", n, test.replayed)
				}
			}
			replayed := max(test.replayed, 0)
			for range 1 + test.gaps + replayed { // one for connected
				r.Next()
			}
			s.WaitDelivered(t, replayed)
			live := servertest.PublishN(t, srv, "s", 3)
			r.WantContents(live...)
			s.WaitDelivered(t, 3)
			r.Close()
			e := s.WantEnd(t, server.EndClientLeft)
			if e.Events != replayed+3 || e.Position != live[2] {
				t.Errorf("got %+v", e)
			}
			if len(s.Gaps) != test.gaps || len(s.Replays) != 0 || len(s.Deliveries) != 0 {
				t.Errorf("%d gaps, %d more replays, %d more deliveries", len(s.Gaps), len(s.Replays), len(s.Deliveries))
			}
		})
	}
}

// The observer is told of a replay that is cut off, so that no statistics lack the large
// ones.
func TestObserverOfCutReplay(t *testing.T) { servertest.BothModes(t, testObserverOfCutReplay) }

func testObserverOfCutReplay(t *testing.T, mode servertest.Mode) {
	o := servertest.NewObserver()
	srv := mode.NewServer(t, server.WithObserver(o))
	servertest.Publish(t, srv, "s", "")
	servertest.Publish(t, srv, "s", "spoilt")
	servertest.Publish(t, srv, "s", "")
	log := servertest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		srv.ServeHTTP(&fragile{ResponseWriter: w}, r)
	}))
	servertest.Open(t, log, "s", "0").Next()
	s := servertest.Receive(t, o.Streams)
	s.WantEnd(t, server.EndWriteFailed)
	if n := servertest.Receive(t, s.Replays); n != 0 {
		t.Errorf("%d events replayed", n)
	}
}

// An observer may return no observer of a stream.
func TestObserverWithoutStreamObserver(t *testing.T) {
	servertest.BothModes(t, testObserverWithoutStreamObserver)
}

func testObserverWithoutStreamObserver(t *testing.T, mode servertest.Mode) {
	srv, ts := mode.Start(t, server.WithObserver(server.NopObserver{}), servertest.SmallLog(3))
	ids := servertest.PublishN(t, srv, "s", 10)
	r := servertest.Open(t, ts, "s", ids[0])
	r.Want("connected", ids[0])
	r.WantGap(ids[6])
	r.WantContents(ids[7:]...)
	r.Want("session_deleted", servertest.DeleteSession(t, srv, "s"))
	r.WantEnd()
}

func TestObserverOfRefusals(t *testing.T) {
	o := servertest.NewObserver()
	events := &servertest.FaultyLog{Log: eventlog.NewMemory(eventlog.Retention{})}
	srv := servertest.NewServer(t, server.WithObserver(o), server.WithLog(events))
	h := below(t, srv, "/api")
	ts := servertest.Serve(t, h)
	servertest.Publish(t, srv, "s", "")
	end := func() string { servertest.Publish(t, srv, "gone", ""); return servertest.DeleteSession(t, srv, "gone") }()
	for _, test := range []struct {
		name, method, query, resume string
		status                      int
		session                     string
	}{
		{"no session", "GET", "", "", 400, ""},
		{"bad session", "GET", "?sessionId=%00", "", 400, ""},
		{"two sessions", "GET", "?sessionId=s&sessionId=t", "", 400, "s"},
		{"bad query", "GET", "?sessionId=s&%zz", "", 400, "s"},
		{"unknown session", "GET", "?sessionId=nobody", "", 404, "nobody"},
		{"session over", "GET", "?sessionId=gone", end, 204, "gone"},
		{"method", "POST", "?sessionId=s", "", 405, "s"},
		{"log", "GET", "?sessionId=s", "", 500, "s"},
	} {
		t.Run(test.name, func(t *testing.T) {
			events.FollowErr = nil
			if test.status == http.StatusInternalServerError {
				events.FollowErr = errors.New("broken")
			}
			req, err := http.NewRequestWithContext(t.Context(), test.method, ts.URL+"/api/stream"+test.query, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Last-Event-ID", test.resume)
			res, err := ts.Client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			r := servertest.Receive(t, o.Refusals)
			if r.Status != test.status || res.StatusCode != test.status || r.SessionID != test.session || !strings.HasPrefix(r.RemoteAddr, "127.0.0.1:") {
				t.Errorf("got %+v for %s, want %+v", r, res.Status, test)
			}
		})
	}
	t.Run("no flush", func(t *testing.T) {
		events.FollowErr = nil
		h.ServeHTTP(hidden{httptest.NewRecorder()}, httptest.NewRequest(http.MethodGet, "/api/stream?sessionId=s", nil))
		if r := servertest.Receive(t, o.Refusals); r.Status != http.StatusInternalServerError {
			t.Errorf("got %+v", r)
		}
	})
	servertest.Get(t, ts, ts.URL+"/elsewhere").Body.Close()
	servertest.OpenURL(t, ts, ts.URL+"/api/stream?sessionId=s").Next()
	if len(o.Refusals) != 0 || len(o.Streams) != 1 {
		t.Errorf("%d more refusals, %d streams", len(o.Refusals), len(o.Streams))
	}
}

type requestKey struct{}

// The log gets the context of the observer, for its own spans. The context of a stream has the
// values of its request's context, also once the stream is detached.
func TestObserverContext(t *testing.T) { servertest.BothModes(t, testObserverContext) }

func testObserverContext(t *testing.T, mode servertest.Mode) {
	appends, reads := make(chan any, 100), make(chan string, 100)
	events := &servertest.HookedLog{
		Log:          eventlog.NewMemory(eventlog.Retention{}),
		BeforeAppend: func(ctx context.Context) { appends <- ctx.Value(servertest.StartedKey{}) },
		BeforeRead: func(ctx context.Context, _ string) error {
			reads <- fmt.Sprint(ctx.Value(servertest.StartedKey{}), ctx.Value(requestKey{}))
			return nil
		},
	}
	srv := mode.NewServer(t, server.WithObserver(servertest.NewObserver()), server.WithLog(events))
	ts := servertest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		srv.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestKey{}, 7)))
	}))
	servertest.Publish(t, srv, "s", "")
	if v := servertest.Receive(t, appends); v != "s" {
		t.Errorf("Append has %v", v)
	}
	r := servertest.Open(t, ts, "s")
	r.Next()
	r.WantContents(servertest.Publish(t, srv, "s", "")) // which a detached stream reads
	for len(reads) > 0 {
		if v := <-reads; v != "s7" && v != "s 7" {
			t.Errorf("Read has %v", v)
		}
	}
}

// whole has all methods of today, and does not embed those of tomorrow.
type whole struct{}

func (whole) PublishStarted(ctx context.Context, _ string) context.Context { return ctx }
func (whole) PublishEnded(context.Context, server.Publication)             {}
func (whole) StreamRefused(context.Context, server.Refusal)                {}
func (whole) StreamOpened(ctx context.Context, _ server.StreamInfo) (context.Context, server.StreamObserver) {
	return ctx, nil
}
func (whole) Delivered(server.Delivery) {}
func (whole) Replayed(int)              {}
func (whole) Gap()                      {}
func (whole) Ended(server.End)          {}

// A new method of an interface breaks no implementation: each must embed a type that has all methods,
// and that takes no memory of a stream.
func TestObserversCanGrow(t *testing.T) {
	if _, ok := any(whole{}).(server.Observer); ok {
		t.Error("an observer need not embed NopObserver")
	}
	if _, ok := any(whole{}).(server.StreamObserver); ok {
		t.Error("an observer of a stream need not embed NopStreamObserver")
	}
	if size := reflect.TypeFor[server.NopStreamObserver]().Size(); size != 0 {
		t.Errorf("NopStreamObserver has %d bytes", size)
	}
}
