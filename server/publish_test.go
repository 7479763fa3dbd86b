package server_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/filled"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/server"
)

func TestPublishEveryEvent(t *testing.T) {
	srv := servertest.NewServer(t, server.WithoutEventChecks()) // no text of package filled fits an enum
	ts := servertest.Serve(t, srv)
	servertest.Publish(t, srv, "s", "")
	r := servertest.Open(t, ts, "s")
	r.Next()
	for _, name := range gen.StreamEvents.Names() {
		switch name {
		case "connected", "heartbeat", "session_created", "session_deleted":
			continue
		}
		e := filled.Event(name, true)
		id, err := srv.Publish(t.Context(), "s", e)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		_, data, err := gen.StreamEvents.Encode(e)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := r.Next(), (servertest.Event{Name: name, ID: id, Data: string(data), Retry: -1}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
}

// wantRefusal expects a *PublishError with the reason, and nothing in the log.
func wantRefusal(t *testing.T, err error, event string, reason error) {
	t.Helper()
	var refused *server.PublishError
	if !errors.As(err, &refused) || !errors.Is(err, reason) || refused.Event != event {
		t.Errorf("got %v, want a refusal of %q: %v", err, event, reason)
	}
}

func TestPublishRefusals(t *testing.T) {
	srv := servertest.NewServer(t, server.WithLimits(server.Limits{EventSize: 1000}))
	var nilEvent gen.Event
	gap := "replay_gap"
	for _, test := range []struct {
		event  gen.Event
		name   string
		reason error
	}{
		{&gen.ConnectedData{SessionID: "s"}, "connected", server.ErrReservedEvent},
		{&gen.HeartbeatData{Type: "heartbeat"}, "heartbeat", server.ErrReservedEvent},
		{&gen.SessionCreatedData{}, "session_created", server.ErrReservedEvent},
		{&gen.SessionDeletedData{SessionID: "s"}, "session_deleted", server.ErrReservedEvent},
		{&gen.ErrorData{Type: &gap}, "error", server.ErrReservedEvent},
		{&gen.UnknownEvent{Name: "rate_limit_error", Data: []byte("{}")}, "rate_limit_error", contract.ErrUnknownEvent},
		{&gen.UnknownEvent{Name: "content", Err: errors.New("misfit")}, "content", contract.ErrUnknownEvent},
		{nilEvent, "", contract.ErrNilEvent},
		{(*gen.ContentData)(nil), "", contract.ErrNilEvent},
		{(*gen.UnknownEvent)(nil), "", contract.ErrNilEvent},
		{struct{ *gen.ConnectedData }{}, "", contract.ErrUnknownEvent},
		{&struct{ gen.Event }{}, "", contract.ErrUnknownEvent},
		{servertest.Content(strings.Repeat("x", 1000)), "content", server.ErrEventTooLarge},
	} {
		_, err := srv.Publish(t.Context(), "s", test.event)
		wantRefusal(t, err, test.name, test.reason)
	}
	for _, session := range []string{"", strings.Repeat("x", 257), "a\nb", "a\x00", "\x7f", "\u0085", "\xff"} {
		_, err := srv.Publish(t.Context(), session, servertest.Content(""))
		wantRefusal(t, err, "content", server.ErrInvalidSessionID)
	}
	_, err := srv.Publish(t.Context(), "s", &gen.PermissionData{Params: map[string]any{"all": []any{1, math.NaN()}}})
	wantMisfit(t, err, `"permission": data/params/all/1: unsupported value: NaN`)
	// Nothing of all that has made the session known.
	if _, err := srv.DeleteSession(t.Context(), "s"); !errors.Is(err, eventlog.ErrSessionNotFound) {
		t.Errorf("delete: %v", err)
	}
}

// The largest event and the longest session id are published; one byte more is refused.
func TestPublishSizeLimits(t *testing.T) {
	overhead := len(`{"content":"","type":"content"}`)
	for _, test := range []struct {
		limits            server.Limits
		session, text     int
		moreSession, more string
		reason            error
	}{
		{server.Limits{EventSize: overhead + 1}, 1, 1, "", "x", server.ErrEventTooLarge},
		{server.Limits{}, 1, 1<<20 - overhead, "", "x", server.ErrEventTooLarge},
		{server.Limits{}, 256, 0, "s", "", server.ErrInvalidSessionID},
	} {
		srv := servertest.NewServer(t, server.WithLimits(test.limits))
		session, text := strings.Repeat("s", test.session), strings.Repeat("x", test.text)
		servertest.Publish(t, srv, session, text)
		_, err := srv.Publish(t.Context(), session+test.moreSession, servertest.Content(text+test.more))
		wantRefusal(t, err, "content", test.reason)
	}
}

func TestPublishLogFails(t *testing.T) {
	broken := errors.New("broken")
	srv := servertest.NewServer(t, server.WithLog(&servertest.FaultyLog{Log: eventlog.NewMemory(eventlog.Retention{}), AppendErr: broken}))
	var refused *server.PublishError
	if _, err := srv.Publish(t.Context(), "s", servertest.Content("")); !errors.Is(err, broken) || errors.As(err, &refused) {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := servertest.NewServer(t).Publish(ctx, "s", servertest.Content("")); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestPublishJSON(t *testing.T) {
	srv := servertest.NewServer(t)
	ts := servertest.Serve(t, srv)
	servertest.Publish(t, srv, "s", "")
	r := servertest.Open(t, ts, "s")
	r.Next()
	for _, test := range []struct{ name, data, want string }{
		{"content", `{"type":"content","content":"a"}`, `{"type":"content","content":"a"}`},
		{"content", `{"type":"content","content":"\r\n<&>\u2028","future":{"b":[1, 2],"a":1.0e5}}`, `{"type":"content","content":"\r\n<&>\u2028","future":{"b":[1,2],"a":1.0e5}}`},
		{"thinking", "{\r\n\t\"type\": \"thinking\",\r\n\t\"content\": \"a  b\"\r\n}\r\n", `{"type":"thinking","content":"a  b"}`},
		{"complete", ` {"type":"\\\\", "done":false} `, `{"type":"\\\\","done":false}`},
		{"complete", `{"type":"\" \\\" ", "done":false}`, `{"type":"\" \\\" ","done":false}`},
		{"error", `{"error":"e","type":"rate_limit"}`, `{"error":"e","type":"rate_limit"}`},
	} {
		data := []byte(test.data)
		id, err := srv.PublishJSON(t.Context(), "s", test.name, data)
		if err != nil {
			t.Fatalf("%s: %v", test.data, err)
		}
		clear(data) // the caller's own again
		if got, want := r.Next(), (servertest.Event{Name: test.name, ID: id, Data: test.want, Retry: -1}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
}

func TestPublishJSONRefusals(t *testing.T) {
	srv := servertest.NewServer(t, server.WithLimits(server.Limits{EventSize: 100}))
	for _, test := range []struct {
		name   string
		data   string
		reason error // nil: a *contract.InvalidEventError, whose text is misfit
		misfit string
	}{
		{"content", `{`, nil, `"content": data: unexpected end of JSON input`},
		{"content", `{} {}`, nil, `"content": data: invalid character '{' after top-level value (byte 4)`},
		{"content", "{\"content\":\"a\nb\"}", nil, `"content": data: invalid character '\n' in string literal (byte 14)`},
		{"rate_limit_error", `{}`, contract.ErrUnknownEvent, ""},
		{"", `{}`, contract.ErrUnknownEvent, ""},
		{"content\nid: 1", `{}`, contract.ErrUnknownEvent, ""},
		{"connected", `{"sessionId":"s"}`, server.ErrReservedEvent, ""},
		{"heartbeat", `{}`, server.ErrReservedEvent, ""},
		{"session_created", `{}`, server.ErrReservedEvent, ""},
		{"session_deleted", `{}`, server.ErrReservedEvent, ""},
		{"error", `{"type":"replay_gap"}`, server.ErrReservedEvent, ""},
		{"error", `{"type":"replay\u005fgap"}`, server.ErrReservedEvent, ""},
		{"error", `{"type":"replay_gap","Type":"x"}`, server.ErrReservedEvent, ""},
		{"error", `{"type":"x","Type":"replay_gap"}`, server.ErrReservedEvent, ""},
		{"content", `{"type":"content","content":"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"}`, server.ErrEventTooLarge, ""},
	} {
		_, err := srv.PublishJSON(t.Context(), "s", test.name, []byte(test.data))
		if test.reason == nil {
			wantMisfit(t, err, test.misfit)
			continue
		}
		wantRefusal(t, err, test.name, test.reason)
	}
	_, err := srv.PublishJSON(t.Context(), "", "content", []byte(goodContent))
	wantRefusal(t, err, "content", server.ErrInvalidSessionID)
}

// wantMisfit expects a *PublishError that says what is wrong with the data, and where.
func wantMisfit(t *testing.T, err error, text string) {
	t.Helper()
	var refused *server.PublishError
	var misfit *contract.InvalidEventError
	if !errors.As(err, &refused) || !errors.As(err, &misfit) || errors.Is(err, contract.ErrUnknownEvent) || err.Error() != "server: publish "+text {
		t.Errorf("got %v, want %s", err, text)
	}
}
