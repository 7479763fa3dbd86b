package endtoend_test

import (
	"math"
	"reflect"
	"testing"

	"github.com/mixstream/mixstream/gen"
)

// Every event that may be published reaches the client as it was, with all of
// its optional fields and with none. The other four are what the server itself
// says.
func TestEventsUnchanged(t *testing.T) {
	srv := newServer(t)
	if _, err := srv.CreateSession(t.Context(), "s", "A title"); err != nil {
		t.Fatal(err)
	}
	s := open(t, newClient(t, serveOn(t, srv)), "s", "0")
	if !s.Next() || !reflect.DeepEqual(s.Event().Data, &gen.ConnectedData{SessionID: "s"}) {
		t.Fatalf("got %+v, want connected", s.Event())
	}
	if d, ok := next(t, s).Data.(*gen.SessionCreatedData); !ok || d.SessionID != "s" || d.Title != "A title" || d.CreatedAt == 0 {
		t.Fatalf("got %+v, want session_created", s.Event())
	}
	for _, name := range gen.EventNames() {
		switch name {
		case gen.EventNameConnected, gen.EventNameHeartbeat, gen.EventNameSessionCreated, gen.EventNameSessionDeleted:
			continue
		}
		for _, optional := range []bool{false, true} {
			sent := gen.DecodeEvent(string(name), []byte("{}"))
			fill(reflect.ValueOf(sent).Elem(), optional)
			id, err := srv.Publish(t.Context(), "s", sent)
			if err != nil {
				t.Fatal(err)
			}
			if e := next(t, s); e.ID != id || e.Name != string(name) || !reflect.DeepEqual(e.Data, sent) {
				t.Errorf("published %s %+v, received %s %s", id, sent, e.ID, s.Raw())
			}
		}
	}
	if _, err := srv.DeleteSession(t.Context(), "s"); err != nil {
		t.Fatal(err)
	}
	if e := next(t, s); !reflect.DeepEqual(e.Data, &gen.SessionDeletedData{Type: "session_deleted", SessionID: "s"}) {
		t.Errorf("got %+v, want session_deleted", e)
	}
}

// hostile is text that would break a stream that is framed carelessly.
const hostile = "line\r\nid: 1\n\ndata: x\x00\u2028 </script> \"},\"id\":\"evil\" 日本語"

// fill sets the fields of a struct, the optional ones only if asked to.
func fill(v reflect.Value, optional bool) {
	for i := range v.NumField() {
		switch f := v.Field(i); f.Kind() {
		case reflect.String:
			f.SetString(hostile)
		case reflect.Int:
			f.SetInt(math.MaxInt32)
		case reflect.Int64:
			f.SetInt(1 << 40)
		case reflect.Bool:
			f.SetBool(true)
		case reflect.Pointer:
			if optional {
				f.Set(reflect.New(f.Type().Elem()))
				switch e := f.Elem(); e.Kind() {
				case reflect.String:
					e.SetString(hostile)
				case reflect.Int:
					e.SetInt(-7)
				case reflect.Int64:
					e.SetInt(-1 << 40)
				}
			}
		case reflect.Slice:
			if optional {
				f.Set(reflect.ValueOf([]string{hostile, ""}))
			}
		case reflect.Map:
			if optional {
				f.Set(reflect.ValueOf(map[string]any{hostile: map[string]any{"a": []any{1.5, nil, true}}}))
			}
		default:
			panic("no value for a field of kind " + f.Kind().String())
		}
	}
}
