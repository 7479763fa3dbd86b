package server_test

import (
	"errors"
	"testing"

	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/server"
)

func TestPublishJSON(t *testing.T) {
	srv := newServer(t)
	ts := serve(t, srv)
	publish(t, srv, "s", "")
	r := open(t, ts, "s")
	r.next()
	for _, test := range []struct{ name, data, want string }{
		{"content", `{"type":"content","content":"a"}`, `{"type":"content","content":"a"}`},
		{"content", `{"content":"\r\n<&>\u2028","future":{"b":[1, 2],"a":1.0e5}}`, `{"content":"\r\n<&>\u2028","future":{"b":[1,2],"a":1.0e5}}`},
		{"thinking", "{\r\n\t\"type\": \"thinking\",\r\n\t\"content\": \"a  b\"\r\n}\r\n", `{"type":"thinking","content":"a  b"}`},
		{"complete", ` {} `, `{}`},
		{"error", `{"error":"e","type":"rate_limit"}`, `{"error":"e","type":"rate_limit"}`},
		{"permission", `{"toolName":"a tool of tomorrow"}`, `{"toolName":"a tool of tomorrow"}`},
	} {
		data := []byte(test.data)
		id, err := srv.PublishJSON(t.Context(), "s", test.name, data)
		if err != nil {
			t.Fatalf("%s: %v", test.data, err)
		}
		clear(data) // the caller's own again
		if got, want := r.next(), (event{test.name, id, test.want, -1}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
}

func TestPublishJSONRefusals(t *testing.T) {
	srv := newServer(t, server.WithMaxEventSize(100))
	for _, test := range []struct {
		name   string
		data   string
		reason error // nil: a *contract.InvalidEventError, whose text is misfit
		misfit string
	}{
		{"content", ``, nil, `"content": data: unexpected end of JSON input`},
		{"content", `{`, nil, `"content": data: unexpected end of JSON input`},
		{"content", `{} {}`, nil, `"content": data: invalid character '{' after top-level value`},
		{"content", "{\"content\":\"a\nb\"}", nil, `"content": data: invalid character '\n' in string literal`},
		{"content", `null`, nil, `"content": data: must be of type object, and is of type null`},
		{"content", ` null `, nil, `"content": data: must be of type object, and is of type null`},
		{"content", `[]`, nil, `"content": data: must be of type object, and is array`},
		{"content", `"text"`, nil, `"content": data: must be of type object, and is string`},
		{"content", `1`, nil, `"content": data: must be of type object, and is number`},
		{"content", `{"content":1}`, nil, `"content": data/content: must be of type string, and is number`},
		{"content", "{\"content\":\"\xff\"}", nil, `"content": data: must be valid UTF-8`},
		{"error", `{"error":"e","attempt":1.0}`, nil, `"error": data/attempt: must be of type integer (int), and is number 1.0`},
		{"notification", `{"choices":["a",{}]}`, nil, `"notification": data/choices/1: must be of type string, and is object`},
		{"rate_limit_error", `{}`, server.ErrUnknownEvent, ""},
		{"", `{}`, server.ErrUnknownEvent, ""},
		{"content\nid: 1", `{}`, server.ErrUnknownEvent, ""},
		{"connected", `{"sessionId":"s"}`, server.ErrReservedEvent, ""},
		{"heartbeat", `{}`, server.ErrReservedEvent, ""},
		{"session_created", `{}`, server.ErrReservedEvent, ""},
		{"session_deleted", `{}`, server.ErrReservedEvent, ""},
		{"error", `{"type":"replay_gap"}`, server.ErrReservedEvent, ""},
		{"error", `{"type":"replay\u005fgap"}`, server.ErrReservedEvent, ""},
		{"error", `{"type":"replay_gap","Type":"x"}`, server.ErrReservedEvent, ""},
		{"error", `{"type":"x","Type":"replay_gap"}`, server.ErrReservedEvent, ""},
		{"content", `{"content":"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"}`, server.ErrEventTooLarge, ""},
	} {
		_, err := srv.PublishJSON(t.Context(), "s", test.name, []byte(test.data))
		if test.reason == nil {
			wantMisfit(t, err, test.misfit)
			continue
		}
		wantRefusal(t, err, test.name, test.reason)
	}
	_, err := srv.PublishJSON(t.Context(), "", "content", []byte(`{}`))
	wantRefusal(t, err, "content", server.ErrInvalidSessionID)
}

// wantMisfit expects a *PublishError that says what is wrong with the data, and where.
func wantMisfit(t *testing.T, err error, text string) {
	t.Helper()
	var refused *server.PublishError
	var misfit *contract.InvalidEventError
	if !errors.As(err, &refused) || !errors.As(err, &misfit) || errors.Is(err, server.ErrUnknownEvent) || err.Error() != "server: publish "+text {
		t.Errorf("got %v, want %s", err, text)
	}
}
