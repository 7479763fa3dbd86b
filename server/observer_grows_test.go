package server_test

import (
	"context"
	"reflect"
	"testing"

	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/server"
)

// counting needs one method of an observer.
type counting struct {
	server.NopObserver
	refused *int
}

func (c counting) StreamRefused(context.Context, server.Refusal) { *c.refused++ }

// endOnly needs one method of the observer of a stream.
type endOnly struct{ server.NopStreamObserver }

func (endOnly) Ended(server.End) {}

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

// A new method of an interface breaks no implementation, since each embeds a type that has all
// methods. The compiler refuses a type that embeds none.
func TestObserversCanGrow(t *testing.T) {
	observer, stream := reflect.TypeFor[server.Observer](), reflect.TypeFor[server.StreamObserver]()
	for name, test := range map[string]struct {
		typ, of reflect.Type
		ok      bool
	}{
		"an observer that embeds":                     {reflect.TypeFor[counting](), observer, true},
		"an observer that does not":                   {reflect.TypeFor[whole](), observer, false},
		"one that does nothing":                       {reflect.TypeFor[server.NopObserver](), observer, true},
		"an observer of a stream that embeds":         {reflect.TypeFor[endOnly](), stream, true},
		"an observer of a stream that does not":       {reflect.TypeFor[whole](), stream, false},
		"an observer of a stream that does nothing":   {reflect.TypeFor[server.NopStreamObserver](), stream, true},
		"both embedded, as one type may observe both": {reflect.TypeFor[*faultyObserver](), observer, true},
	} {
		if got := test.typ.Implements(test.of); got != test.ok {
			t.Errorf("%s: implements %v is %v", name, test.of, got)
		}
	}
	// What is embedded takes no memory of a stream.
	if size := reflect.TypeFor[server.NopStreamObserver]().Size(); size != 0 {
		t.Errorf("NopStreamObserver has %d bytes", size)
	}

	refused := 0
	srv := servertest.NewServer(t, server.WithObserver(counting{refused: &refused}))
	ts := servertest.Serve(t, srv)
	servertest.Get(t, ts, servertest.StreamURL(ts, "nobody"))
	closeAll(t, ts, srv)
	servertest.Publish(t, srv, "s", "") // by methods of NopObserver
	if refused != 1 {
		t.Errorf("%d refusals", refused)
	}
}
