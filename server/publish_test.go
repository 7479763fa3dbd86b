package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/filled"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/server"
)

func ptr[T any](v T) *T { return &v }

// publishable are the events that an application may publish, with every field set.
var publishable = []gen.Event{
	&gen.CompleteData{Type: "complete", Content: ptr("a"), Done: true, MessageID: ptr("m"), ParentToolCallID: ptr("p"), Reasoning: ptr("r"), ReasoningDuration: ptr(int64(1 << 40))},
	&gen.ContentData{Type: "content", Content: "line\none\r\n\x00<b>&\u2028日本", AssistantMessageID: ptr("m"), ParentToolCallID: ptr("p")},
	&gen.ErrorData{Error: "e", Type: ptr("tool"), Attempt: ptr(1), MaxAttempts: ptr(2), ParentToolCallID: ptr("p"), RetryAfter: ptr(int64(1 << 40))},
	&gen.NotificationData{Type: "notification", ID: "n", SessionID: "s", Title: "t", Message: "m", Choices: []string{"a", "b"}, CreatedAt: 1763942400000, Timeout: 1 << 40, NotificationType: gen.NotificationDataNotificationTypeInfo, ResponseType: gen.NotificationDataResponseTypeChoice, ParentToolCallID: ptr("p")},
	&gen.PermissionData{Type: "permission", ID: "p", SessionID: "s", Action: "a", Description: "d", Params: map[string]any{"k": "v"}, Path: ptr("/"), ToolName: "Bash", ParentToolCallID: ptr("p")},
	&gen.ThinkingData{Type: "thinking", Content: "c"},
	&gen.ToolExecutionCompleteData{Type: "tool_execution_complete", Progress: "p", Success: true, ToolCallID: "t", ToolName: "web_search"},
	&gen.ToolExecutionStartData{Type: "tool_execution_start", Progress: "p", ToolCallID: "t", ToolName: "Grep"},
	&gen.ToolUseParameterDeltaData{Type: "tool_use_parameter_delta", Input: "{\"a", ToolCallID: "t"},
	&gen.ToolUseParameterStreamingCompleteData{Type: "tool_use_parameter_streaming_complete", ID: "t", Input: "{}", Name: "Edit"},
	&gen.ToolUseStartData{Type: "tool_use_start", ID: "t", Name: "Write"},
	&gen.UserMessageCreatedData{Type: "user_message_created", Content: "c", MessageID: "m"},
}

// everyPublishable returns an event of each name that an application may publish: also of
// those that were added to the spec.
func everyPublishable() []gen.Event {
	events := publishable
	for _, name := range gen.StreamEvents.Names() {
		switch name {
		case "connected", "heartbeat", "session_created", "session_deleted":
			continue
		}
		if !slices.ContainsFunc(publishable, func(e gen.Event) bool { return nameOf(e) == name }) {
			events = append(slices.Clip(events), filled.Event(name, true))
		}
	}
	return events
}

func nameOf(e gen.Event) string {
	name, _, _ := gen.StreamEvents.Encode(e)
	return name
}

func TestPublishEveryEvent(t *testing.T) {
	srv := servertest.NewServer(t, server.WithoutEventChecks()) // no text of package filled fits an enum
	ts := servertest.Serve(t, srv)
	servertest.Publish(t, srv, "s", "")
	r := servertest.Open(t, ts, "s")
	r.Next()
	for _, e := range everyPublishable() {
		id, err := srv.Publish(t.Context(), "s", e)
		if err != nil {
			t.Fatalf("%s: %v", nameOf(e), err)
		}
		_, data, err := gen.StreamEvents.Encode(e)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := r.Next(), (servertest.Event{Name: nameOf(e), ID: id, Data: string(data), Retry: -1}); got != want {
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
	for _, test := range []struct {
		event  gen.Event
		name   string
		reason error
	}{
		{&gen.ConnectedData{SessionID: "s"}, "connected", server.ErrReservedEvent},
		{&gen.HeartbeatData{Type: "heartbeat"}, "heartbeat", server.ErrReservedEvent},
		{&gen.SessionCreatedData{}, "session_created", server.ErrReservedEvent},
		{&gen.SessionDeletedData{SessionID: "s"}, "session_deleted", server.ErrReservedEvent},
		{&gen.ErrorData{Type: ptr("replay_gap")}, "error", server.ErrReservedEvent},
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

func TestPublishSizeLimit(t *testing.T) {
	data, err := json.Marshal(servertest.Content("x"))
	if err != nil {
		t.Fatal(err)
	}
	srv := servertest.NewServer(t, server.WithLimits(server.Limits{EventSize: len(data)}))
	servertest.Publish(t, srv, "s", "x")
	_, err = srv.Publish(t.Context(), "s", servertest.Content("xx"))
	wantRefusal(t, err, "content", server.ErrEventTooLarge)
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

func TestDefaultMaxEventSize(t *testing.T) {
	srv := servertest.NewServer(t)
	overhead := len(`{"content":"","type":"content"}`)
	servertest.Publish(t, srv, "s", strings.Repeat("x", 1<<20-overhead))
	_, err := srv.Publish(t.Context(), "s", servertest.Content(strings.Repeat("x", 1<<20-overhead+1)))
	wantRefusal(t, err, "content", server.ErrEventTooLarge)
}

func TestDefaultSessionIDLength(t *testing.T) {
	srv := servertest.NewServer(t)
	servertest.Publish(t, srv, strings.Repeat("x", 256), "")
	_, err := srv.Publish(t.Context(), strings.Repeat("x", 257), servertest.Content(""))
	wantRefusal(t, err, "content", server.ErrInvalidSessionID)
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
		{"content", ``, nil, `"content": data: unexpected end of JSON input`},
		{"content", `{`, nil, `"content": data: unexpected end of JSON input`},
		{"content", `{} {}`, nil, `"content": data: invalid character '{' after top-level value (byte 4)`},
		{"content", "{\"content\":\"a\nb\"}", nil, `"content": data: invalid character '\n' in string literal (byte 14)`},
		{"content", `null`, nil, `"content": data: must be of type object, not null`},
		{"content", ` null `, nil, `"content": data: must be of type object, not null`},
		{"content", `[]`, nil, `"content": data: must be of type object, not array`},
		{"content", `"text"`, nil, `"content": data: must be of type object, not string`},
		{"content", `1`, nil, `"content": data: must be of type object, not number`},
		{"content", `{"type":"content","content":1}`, nil, `"content": data/content: must be of type string, not number`},
		{"content", "{\"content\":\"\xff\"}", nil, `"content": data/content: must be valid UTF-8`},
		{"error", `{"error":"e","attempt":1.5}`, nil, `"error": data/attempt: must be of type integer, not number`},
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
