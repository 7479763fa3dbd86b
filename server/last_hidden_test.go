package server_test

import (
	"strings"
	"testing"

	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/server"
)

// tenant puts all sessions into one scope.
var tenant = server.WithScope(func(string) string { return "tenant" })

// A server whose contract does not name the end shows the end to the session alone, also if
// it shows every other entry of the log.
func TestEndOfAnotherContractIsHidden(t *testing.T) {
	inModes(t, func(t *testing.T, mode ...server.Option) {
		log := server.WithLog(eventlog.NewMemory(eventlog.Retention{}))
		srv := newForeign(t, noted(orderEvents), log, tenant)
		op := announcing(orderEvents)
		op.Events = named(facts)
		plain := newForeign(t, op, append(mode, log, tenant)...)
		ts := serve(t, plain)
		other := tell(t, plain, "8", order("a"))
		w8 := listen(t, ts, "/orders/8/events", other, other)
		w8.want(":")
		w7 := tell(t, srv, "7", &note{"bye"}) // the first of its session as well
		w8.order(tell(t, plain, "8", order("a")), "2000")
		w := ask(t, ts, orderSeven, before(t, w7))
		w.want(":", "event: note", "retry: 2000", `data: "bye"`, "id: "+w7, "")
		w.end()
	})
}

// named returns events without text, which the log has as they go out.
func named(e contract.Events[fact]) *contract.Events[fact] {
	e.Text = nil
	return &e
}

// The data of the last event may be as deep as JSON can be.
func TestDeepEnd(t *testing.T) {
	op := noted(orderEvents)
	op.End.Events = []string{""}
	srv := newForeign(t, op)
	ts := serve(t, srv)
	const depth = 10_000 // encoding/json's limit
	data := `{"text":"a","deep":` + strings.Repeat("[", depth-1) + strings.Repeat("]", depth-1) + "}"
	id, err := srv.PublishJSON(t.Context(), "7", "", []byte(data))
	if err != nil {
		t.Skip(err)
	}
	if text := ask(t, ts, orderSeven, "").rest(); !strings.Contains(text, "data: "+data+"\nid: "+id) {
		t.Errorf("the stream is %q", text)
	}
}
