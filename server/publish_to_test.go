package server_test

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/examples/orders/api"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/server"
)

// The function of PublishTo gets what the log would get. A log that does it has what Publish would
// have made of it.
func TestPublishTo(t *testing.T) {
	log := eventlog.NewMemory(eventlog.Retention{})
	op := api.OrderEvents
	op.End = contract.End{Events: []string{"order_shipped"}}
	srv := servertest.Must(server.New(op, server.WithLog(log),
		server.WithScope(func(session string) string { return "of " + session }),
		server.WithTiming(server.Timing{DeleteGrace: time.Hour})))(t)
	if srv.Log() != eventlog.Log(log) {
		t.Error("Log returns another log")
	}
	session := eventlog.Session{ID: "orderEvents\x1f7", Scope: "orderEvents\x1fof 7"} // in its namespace
	for _, test := range []struct {
		publish func(server.WriteFunc) error
		want    server.Write
	}{
		{func(w server.WriteFunc) error {
			return srv.PublishTo(t.Context(), "7", &api.OrderPlaced{Total: 1}, w)
		}, server.Write{Session: session, Entry: eventlog.Entry{Name: "order_placed", Data: []byte(`{"total":1}`)}}},
		{func(w server.WriteFunc) error {
			return srv.PublishJSONTo(t.Context(), "7", "order_placed", []byte(` {"total": 1, "more": []} `), w)
		}, server.Write{Session: session, Entry: eventlog.Entry{Name: "order_placed", Data: []byte(`{"total":1,"more":[]}`)}}},
		{func(w server.WriteFunc) error {
			return srv.PublishTo(t.Context(), "7", &api.OrderShipped{Carrier: "DHL"}, w)
		}, server.Write{Session: session, End: true, Grace: time.Hour}},
	} {
		var got server.Write
		servertest.OK(t, test.publish(func(_ context.Context, w server.Write) error {
			got = w
			return nil
		}))
		if got.End && strings.Contains(string(got.Entry.Data), `{"carrier":"DHL"}`) {
			got.Entry = eventlog.Entry{} // its form is the server's own
		}
		if !reflect.DeepEqual(got, test.want) {
			t.Errorf("got %+v, want %+v", got, test.want)
		}
	}
	if _, err := log.Lookup(t.Context(), session.ID); !errors.Is(err, eventlog.ErrSessionNotFound) {
		t.Errorf("the server has written itself: %v", err)
	}
}

// What PublishTo refuses it does not write, and an error of the writing is that of a log.
func TestPublishToFails(t *testing.T) {
	observer := servertest.NewObserver()
	srv := servertest.NewServer(t, server.WithObserver(observer))
	failing := func(err error) server.WriteFunc {
		return func(context.Context, server.Write) error { return err }
	}
	err := srv.PublishTo(t.Context(), "s", nil, func(context.Context, server.Write) error {
		t.Error("a refused event is written")
		return nil
	})
	wantRefusal(t, err, "", contract.ErrNilEvent)
	err = srv.PublishTo(t.Context(), "s", servertest.Content(""), failing(eventlog.ErrEntryTooLarge))
	wantRefusal(t, err, "content", server.ErrEventTooLarge)
	err = srv.PublishTo(t.Context(), "s", servertest.Content(""), failing(eventlog.ErrSessionDeleted))
	if !errors.Is(err, eventlog.ErrSessionDeleted) {
		t.Errorf("got %v", err)
	}
	func() {
		defer func() { _ = recover() }()
		_ = srv.PublishTo(t.Context(), "s", servertest.Content(""), func(context.Context, server.Write) error { panic("in the transaction") })
	}()
	for range 4 {
		if p := <-observer.Publications; p.Err == nil || p.Pending {
			t.Errorf("the observer is told %+v", p)
		}
	}
}
