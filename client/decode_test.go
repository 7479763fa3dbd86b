package client_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/filled"
)

// bare has the required fields of each event's data, and optional its optional
// ones.
var wire = []struct {
	name     gen.EventName
	bare     string
	optional string
}{
	{"complete", `"type":"complete","done":true`, `"content":"all","messageId":"m1","parentToolCallId":"p1","reasoning":"why","reasoningDuration":1099511627776`},
	{"connected", `"sessionId":"s1"`, ``},
	{"content", `"type":"content","content":"tok\nen"`, `"assistantMessageId":"a1","parentToolCallId":"p1"`},
	{"error", `"error":"failed"`, `"attempt":1,"maxAttempts":3,"parentToolCallId":"p1","retryAfter":1099511627776,"type":"overloaded"`},
	{"heartbeat", `"type":"heartbeat"`, ``},
	{"notification", `"type":"notification","createdAt":1763942400000,"id":"n1","message":"Go on?","notificationType":"question","responseType":"choice","sessionId":"s1","timeout":1099511627776,"title":"T"`, `"choices":["y","n"],"parentToolCallId":"p1"`},
	{"permission", `"type":"permission","action":"write","description":"d","id":"q1","sessionId":"s1","toolName":"Bash"`, `"params":{"a":1},"parentToolCallId":"p1","path":"/tmp"`},
	{"session_created", `"type":"session_created","createdAt":9007199254740993,"sessionId":"s2","title":"T"`, ``},
	{"session_deleted", `"type":"session_deleted","sessionId":"s2"`, ``},
	{"thinking", `"type":"thinking","content":"hm"`, `"assistantMessageId":"a1","parentToolCallId":"p1"`},
	{"tool_execution_complete", `"type":"t","progress":"done","success":true,"toolCallId":"c1","toolName":"srv_tool"`, `"parentToolCallId":"p1"`},
	{"tool_execution_start", `"type":"t","progress":"start","toolCallId":"c1","toolName":"Grep"`, `"parentToolCallId":"p1"`},
	{"tool_use_parameter_delta", `"type":"t","input":"{\"a","toolCallId":"c1"`, `"assistantMessageId":"a1","parentToolCallId":"p1"`},
	{"tool_use_parameter_streaming_complete", `"type":"t","id":"c1","input":"{}","name":"Edit"`, `"assistantMessageId":"a1","parentToolCallId":"p1"`},
	{"tool_use_start", `"type":"t","id":"c1","name":"Edit"`, `"assistantMessageId":"a1","parentToolCallId":"p1"`},
	{"user_message_created", `"type":"t","content":"hi","messageId":"m1"`, `"parentToolCallId":"p1"`},
}

// wantData returns the data that a case should decode to.
func wantData(name gen.EventName, all bool) gen.Event {
	set := func(s string) *string {
		if !all {
			return nil
		}
		return &s
	}
	num := func(n int) *int {
		if !all {
			return nil
		}
		return &n
	}
	milliseconds := func(n int64) *int64 {
		if !all {
			return nil
		}
		return &n
	}
	switch name {
	case "complete":
		return &gen.CompleteData{Type: "complete", Done: true, Content: set("all"), MessageID: set("m1"), ParentToolCallID: set("p1"), Reasoning: set("why"), ReasoningDuration: milliseconds(1 << 40)}
	case "connected":
		return &gen.ConnectedData{SessionID: "s1"}
	case "content":
		return &gen.ContentData{Type: "content", Content: "tok\nen", AssistantMessageID: set("a1"), ParentToolCallID: set("p1")}
	case "error":
		return &gen.ErrorData{Error: "failed", Attempt: num(1), MaxAttempts: num(3), ParentToolCallID: set("p1"), RetryAfter: milliseconds(1 << 40), Type: set("overloaded")}
	case "heartbeat":
		return &gen.HeartbeatData{Type: "heartbeat"}
	case "notification":
		d := &gen.NotificationData{Type: "notification", CreatedAt: 1763942400000, ID: "n1", Message: "Go on?", NotificationType: "question", ResponseType: "choice", SessionID: "s1", Timeout: 1 << 40, Title: "T", ParentToolCallID: set("p1")}
		if all {
			d.Choices = []string{"y", "n"}
		}
		return d
	case "permission":
		d := &gen.PermissionData{Type: "permission", Action: "write", Description: "d", ID: "q1", SessionID: "s1", ToolName: "Bash", ParentToolCallID: set("p1"), Path: set("/tmp")}
		if all {
			d.Params = map[string]any{"a": 1.0}
		}
		return d
	case "session_created":
		return &gen.SessionCreatedData{Type: "session_created", CreatedAt: 9007199254740993, SessionID: "s2", Title: "T"}
	case "session_deleted":
		return &gen.SessionDeletedData{Type: "session_deleted", SessionID: "s2"}
	case "thinking":
		return &gen.ThinkingData{Type: "thinking", Content: "hm", AssistantMessageID: set("a1"), ParentToolCallID: set("p1")}
	case "tool_execution_complete":
		return &gen.ToolExecutionCompleteData{Type: "t", Progress: "done", Success: true, ToolCallID: "c1", ToolName: "srv_tool", ParentToolCallID: set("p1")}
	case "tool_execution_start":
		return &gen.ToolExecutionStartData{Type: "t", Progress: "start", ToolCallID: "c1", ToolName: "Grep", ParentToolCallID: set("p1")}
	case "tool_use_parameter_delta":
		return &gen.ToolUseParameterDeltaData{Type: "t", Input: `{"a`, ToolCallID: "c1", AssistantMessageID: set("a1"), ParentToolCallID: set("p1")}
	case "tool_use_parameter_streaming_complete":
		return &gen.ToolUseParameterStreamingCompleteData{Type: "t", ID: "c1", Input: "{}", Name: "Edit", AssistantMessageID: set("a1"), ParentToolCallID: set("p1")}
	case "tool_use_start":
		return &gen.ToolUseStartData{Type: "t", ID: "c1", Name: "Edit", AssistantMessageID: set("a1"), ParentToolCallID: set("p1")}
	case "user_message_created":
		return &gen.UserMessageCreatedData{Type: "t", Content: "hi", MessageID: "m1", ParentToolCallID: set("p1")}
	}
	return nil
}

// typed returns the event name that the type of the data stands for.
func typed(data gen.Event) gen.EventName {
	switch data.(type) {
	case *gen.CompleteData:
		return gen.EventNameComplete
	case *gen.ConnectedData:
		return gen.EventNameConnected
	case *gen.ContentData:
		return gen.EventNameContent
	case *gen.ErrorData:
		return gen.EventNameError
	case *gen.HeartbeatData:
		return gen.EventNameHeartbeat
	case *gen.NotificationData:
		return gen.EventNameNotification
	case *gen.PermissionData:
		return gen.EventNamePermission
	case *gen.SessionCreatedData:
		return gen.EventNameSessionCreated
	case *gen.SessionDeletedData:
		return gen.EventNameSessionDeleted
	case *gen.ThinkingData:
		return gen.EventNameThinking
	case *gen.ToolExecutionCompleteData:
		return gen.EventNameToolExecutionComplete
	case *gen.ToolExecutionStartData:
		return gen.EventNameToolExecutionStart
	case *gen.ToolUseParameterDeltaData:
		return gen.EventNameToolUseParameterDelta
	case *gen.ToolUseParameterStreamingCompleteData:
		return gen.EventNameToolUseParameterStreamingComplete
	case *gen.ToolUseStartData:
		return gen.EventNameToolUseStart
	case *gen.UserMessageCreatedData:
		return gen.EventNameUserMessageCreated
	}
	return ""
}

func TestEveryEvent(t *testing.T) {
	var text strings.Builder
	for _, w := range wire {
		text.WriteString(block(string(w.name), "1", "{"+w.bare+"}"))
		// Additions of a newer server pass.
		text.WriteString(block(string(w.name), "2", "{"+strings.Trim(w.bare+","+w.optional, ",")+`,"added":{"later":[1]}}`))
	}
	s := serve(t, send(text.String()), over).stream("", client.WithStrict())
	for _, w := range wire {
		for _, id := range []string{"1", "2"} {
			e := next(t, s)
			if e.ID != id || e.Name != string(w.name) || typed(e.Data) != w.name {
				t.Fatalf("event %s %s: %T, want %s %s", e.ID, e.Name, e.Data, id, w.name)
			}
			if want := wantData(w.name, id == "2"); !reflect.DeepEqual(e.Data, want) {
				t.Errorf("%s %s:\n got %+v\nwant %+v", w.name, id, e.Data, want)
			}
			if !json.Valid(s.Raw()) || id == "1" && string(s.Raw()) != "{"+w.bare+"}" {
				t.Errorf("%s: raw data %s", w.name, s.Raw())
			}
		}
	}
	if s.Next() || s.Err() != nil {
		t.Errorf("end: %v", s.Err())
	}
}

// TestEveryType sends each event of the spec as its Go type encodes it, including an added one
// that is not in the table.
func TestEveryType(t *testing.T) {
	var text strings.Builder
	var sent []gen.Event
	var names []string
	for _, name := range gen.StreamEvents.Names() {
		for _, optional := range []bool{false, true} {
			event := filled.Event(name, optional)
			_, data, err := gen.StreamEvents.Encode(event)
			if err != nil {
				t.Fatal(err)
			}
			text.WriteString(block(name, "1", string(data)))
			sent = append(sent, event)
			names = append(names, name)
		}
	}
	s := serve(t, send(text.String()), over).stream("", client.WithStrict())
	for i, want := range sent {
		if e := next(t, s); e.Name != names[i] || !reflect.DeepEqual(e.Data, want) {
			t.Errorf("%s:\n got %+v\nwant %+v", names[i], e.Data, want)
		}
	}
}

func TestEventFields(t *testing.T) {
	server := serve(t, send("retry: 5\nid: 1\nevent: content\ndata: {\"content\":\ndata: \"a\"}\n\n"+
		"event: heartbeat\ndata: {}\n\n"+"event: thinking\nid\ndata: {}\n\n"), over)
	s := server.stream("")
	first := next(t, s)
	if !first.HasRetry || first.Retry != 5*time.Millisecond || string(s.Raw()) != "{\"content\":\n\"a\"}" {
		t.Errorf("first: %+v", first)
	}
	if e := next(t, s); e.HasRetry || e.ID != "1" {
		t.Errorf("an event without an id has that of the one before: %+v", e)
	}
	if e := next(t, s); e.ID != "" || s.LastEventID() != "" {
		t.Errorf("an empty id forgets it: %+v", e)
	}
	if d, ok := first.Data.(*gen.ContentData); !ok || d.Content != "a" {
		t.Errorf("an event that was kept: %+v", first)
	}
}
