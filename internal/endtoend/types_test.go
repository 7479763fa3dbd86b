package endtoend_test

import (
	"reflect"
	"testing"

	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/filled"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/server"
)

// Every event that may be published reaches the client unchanged, with all of its optional
// fields and with none. Only the server says the other four.
func TestEventsUnchanged(t *testing.T) {
	srv := newServer(t, server.WithoutEventChecks())
	servertest.Must(srv.CreateSession(t.Context(), "s", "A title"))(t)
	s := open(t, newClient(t, serveOn(t, srv)), "s", "0")
	if !s.Next() || !reflect.DeepEqual(s.Event().Data, &gen.ConnectedData{SessionID: "s"}) {
		t.Fatalf("got %+v, want connected", s.Event())
	}
	if d, ok := next(t, s).Data.(*gen.SessionCreatedData); !ok || d.SessionID != "s" || d.Title != "A title" || d.CreatedAt == 0 {
		t.Fatalf("got %+v, want session_created", s.Event())
	}
	for _, name := range gen.StreamEvents.Names() {
		switch name {
		case "connected", "heartbeat", "session_created", "session_deleted":
			continue
		}
		for _, optional := range []bool{false, true} {
			sent := filled.Event(name, optional)
			id := servertest.Must(srv.Publish(t.Context(), "s", sent))(t)
			if e := next(t, s); e.ID != id || e.Name != name || !reflect.DeepEqual(e.Data, sent) {
				t.Errorf("published %s %+v, received %s %s", id, sent, e.ID, s.Raw())
			}
		}
	}
	servertest.Must(srv.DeleteSession(t.Context(), "s"))(t)
	if e := next(t, s); !reflect.DeepEqual(e.Data, &gen.SessionDeletedData{Type: "session_deleted", SessionID: "s"}) {
		t.Errorf("got %+v, want session_deleted", e)
	}
}
