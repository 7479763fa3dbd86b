package server_test

import (
	"testing"

	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/internal/servertest"
)

// A contract may have the name of an event in its data. Then its events have no SSE field
// for the name, and the events of the server have none either.
func TestNameInData(t *testing.T) { servertest.BothModes(t, testNameInData) }

func testNameInData(t *testing.T, mode servertest.Mode) {
	op := orderEvents
	events := facts
	events.NameIn = "type"
	events.Rules = nil
	op.Events = &events
	op.Control = &contract.Control{Connected: contract.ControlEvent{Name: "hello", Session: "order"}, Deleted: contract.ControlEvent{Name: "bye"}}
	srv := newForeign(t, mode, op)
	id, err := srv.PublishJSON(t.Context(), "7", "placed", []byte(`{"type":"placed","id":"a"}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := srv.PublishJSON(t.Context(), "7", "placed", []byte(`{"type":"note"}`)); err == nil {
		t.Error("an event is published under the name of another")
	}
	w := ask(t, servertest.Serve(t, srv), orderSeven, servertest.Before(t, id))
	w.want("retry: 2000", `data: {"order":"7","type":"hello"}`, "id: "+servertest.Before(t, id), "")
	w.want(`data: {"type":"placed","id":"a"}`, "id: "+id, "")
	last := end(t, srv, "7")
	w.want(`data: {"type":"bye"}`, "id: "+last, "")
	w.end()
}
