package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/filled"
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
	srv := newServer(t)
	ts := serve(t, srv)
	publish(t, srv, "s", "")
	r := open(t, ts, "s")
	r.next()
	for _, e := range everyPublishable() {
		id, err := srv.Publish(t.Context(), "s", e)
		if err != nil {
			t.Fatalf("%s: %v", nameOf(e), err)
		}
		data, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := r.next(), (event{nameOf(e), id, string(data), -1}); got != want {
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
	srv := newServer(t, server.WithMaxEventSize(1000))
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
		{&gen.UnknownEvent{Name: "rate_limit_error", Data: []byte("{}")}, "rate_limit_error", server.ErrUnknownEvent},
		{&gen.UnknownEvent{Name: "content", Err: errors.New("misfit")}, "content", server.ErrUnknownEvent},
		{nilEvent, "", server.ErrNilEvent},
		{(*gen.ContentData)(nil), "", server.ErrNilEvent},
		{(*gen.UnknownEvent)(nil), "", server.ErrNilEvent},
		{struct{ *gen.ConnectedData }{}, "", server.ErrUnknownEvent},
		{&struct{ gen.Event }{}, "", server.ErrUnknownEvent},
		{content(strings.Repeat("x", 1000)), "content", server.ErrEventTooLarge},
	} {
		_, err := srv.Publish(t.Context(), "s", test.event)
		wantRefusal(t, err, test.name, test.reason)
	}
	for _, session := range []string{"", strings.Repeat("x", 257), "a\nb", "a\x00", "\x7f", "\u0085", "\xff"} {
		_, err := srv.Publish(t.Context(), session, content(""))
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
	data, err := json.Marshal(content("x"))
	if err != nil {
		t.Fatal(err)
	}
	srv := newServer(t, server.WithMaxEventSize(len(data)))
	publish(t, srv, "s", "x")
	_, err = srv.Publish(t.Context(), "s", content("xx"))
	wantRefusal(t, err, "content", server.ErrEventTooLarge)
}

func TestPublishLogFails(t *testing.T) {
	broken := errors.New("broken")
	srv := newServer(t, server.WithLog(&faultyLog{Log: eventlog.NewMemory(eventlog.Retention{}), append: broken}))
	var refused *server.PublishError
	if _, err := srv.Publish(t.Context(), "s", content("")); !errors.Is(err, broken) || errors.As(err, &refused) {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := newServer(t).Publish(ctx, "s", content("")); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestDefaultMaxEventSize(t *testing.T) {
	srv := newServer(t)
	overhead := len(`{"content":"","type":"content"}`)
	publish(t, srv, "s", strings.Repeat("x", 1<<20-overhead))
	_, err := srv.Publish(t.Context(), "s", content(strings.Repeat("x", 1<<20-overhead+1)))
	wantRefusal(t, err, "content", server.ErrEventTooLarge)
}

func TestDefaultSessionIDLength(t *testing.T) {
	srv := newServer(t)
	publish(t, srv, strings.Repeat("x", 256), "")
	_, err := srv.Publish(t.Context(), strings.Repeat("x", 257), content(""))
	wantRefusal(t, err, "content", server.ErrInvalidSessionID)
}
