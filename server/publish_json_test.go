package server_test

import (
	"testing"

	"github.com/mixstream/mixstream/gen"
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
		id, err := srv.PublishJSON(t.Context(), "s", gen.EventName(test.name), data)
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
		name   gen.EventName
		data   string
		reason error
	}{
		{"content", ``, server.ErrUnknownEvent},
		{"content", `{`, server.ErrUnknownEvent},
		{"content", `{} {}`, server.ErrUnknownEvent},
		{"content", "{\"content\":\"a\nb\"}", server.ErrUnknownEvent},
		{"content", `null`, server.ErrUnknownEvent},
		{"content", ` null `, server.ErrUnknownEvent},
		{"content", `[]`, server.ErrUnknownEvent},
		{"content", `"text"`, server.ErrUnknownEvent},
		{"content", `1`, server.ErrUnknownEvent},
		{"content", `{"content":1}`, server.ErrUnknownEvent},
		{"content", "{\"content\":\"\xff\"}", server.ErrUnknownEvent},
		{"rate_limit_error", `{}`, server.ErrUnknownEvent},
		{"", `{}`, server.ErrUnknownEvent},
		{"content\nid: 1", `{}`, server.ErrUnknownEvent},
		{"connected", `{"sessionId":"s"}`, server.ErrReservedEvent},
		{"heartbeat", `{}`, server.ErrReservedEvent},
		{"session_created", `{}`, server.ErrReservedEvent},
		{"session_deleted", `{}`, server.ErrReservedEvent},
		{"error", `{"type":"replay_gap"}`, server.ErrReservedEvent},
		{"error", `{"type":"replay\u005fgap"}`, server.ErrReservedEvent},
		{"error", `{"type":"replay_gap","Type":"x"}`, server.ErrReservedEvent},
		{"error", `{"type":"x","Type":"replay_gap"}`, server.ErrReservedEvent},
		{"content", `{"content":"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"}`, server.ErrEventTooLarge},
	} {
		_, err := srv.PublishJSON(t.Context(), "s", test.name, []byte(test.data))
		wantRefusal(t, err, test.name, test.reason)
	}
	_, err := srv.PublishJSON(t.Context(), "", "content", []byte(`{}`))
	wantRefusal(t, err, "content", server.ErrInvalidSessionID)
}
