package client_test

import (
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/gen"
)

// wire holds, for each event, data with the required fields alone, what optional fields add to it,
// and what a client makes of both.
var wire = []struct {
	name, bare, optional string
	want, wantAll        gen.Event
}{
	{"complete", `"type":"complete","done":true`, `"content":"all","messageId":"m1","parentToolCallId":"p1","reasoning":"why","reasoningDuration":1099511627776`,
		&gen.CompleteData{Type: "complete", Done: true},
		&gen.CompleteData{Type: "complete", Done: true, Content: new("all"), MessageID: new("m1"), ParentToolCallID: new("p1"), Reasoning: new("why"), ReasoningDuration: new(int64(1 << 40))}},
	{"connected", `"sessionId":"s1"`, ``, &gen.ConnectedData{SessionID: "s1"}, &gen.ConnectedData{SessionID: "s1"}},
	{"content", `"type":"content","content":"tok\nen"`, `"assistantMessageId":"a1","parentToolCallId":"p1"`,
		&gen.ContentData{Type: "content", Content: "tok\nen"},
		&gen.ContentData{Type: "content", Content: "tok\nen", AssistantMessageID: new("a1"), ParentToolCallID: new("p1")}},
	{"error", `"error":"failed"`, `"attempt":1,"maxAttempts":3,"parentToolCallId":"p1","retryAfter":1099511627776,"type":"overloaded"`,
		&gen.ErrorData{Error: "failed"},
		&gen.ErrorData{Error: "failed", Attempt: new(1), MaxAttempts: new(3), ParentToolCallID: new("p1"), RetryAfter: new(int64(1 << 40)), Type: new("overloaded")}},
	{"heartbeat", `"type":"heartbeat"`, ``, &gen.HeartbeatData{Type: "heartbeat"}, &gen.HeartbeatData{Type: "heartbeat"}},
	{"notification", `"type":"notification","createdAt":1763942400000,"id":"n1","message":"Go on?","notificationType":"question","responseType":"choice","sessionId":"s1","timeout":1099511627776,"title":"T"`, `"choices":["y","n"],"parentToolCallId":"p1"`,
		&gen.NotificationData{Type: "notification", CreatedAt: 1763942400000, ID: "n1", Message: "Go on?", NotificationType: "question", ResponseType: "choice", SessionID: "s1", Timeout: 1 << 40, Title: "T"},
		&gen.NotificationData{Type: "notification", CreatedAt: 1763942400000, ID: "n1", Message: "Go on?", NotificationType: "question", ResponseType: "choice", SessionID: "s1", Timeout: 1 << 40, Title: "T", Choices: []string{"y", "n"}, ParentToolCallID: new("p1")}},
	{"permission", `"type":"permission","action":"write","description":"d","id":"q1","sessionId":"s1","toolName":"Bash"`, `"params":{"a":1},"parentToolCallId":"p1","path":"/tmp"`,
		&gen.PermissionData{Type: "permission", Action: "write", Description: "d", ID: "q1", SessionID: "s1", ToolName: "Bash"},
		&gen.PermissionData{Type: "permission", Action: "write", Description: "d", ID: "q1", SessionID: "s1", ToolName: "Bash", Params: map[string]any{"a": json.Number("1")}, ParentToolCallID: new("p1"), Path: new("/tmp")}},
	{"session_created", `"type":"session_created","createdAt":9007199254740993,"sessionId":"s2","title":"T"`, ``,
		&gen.SessionCreatedData{Type: "session_created", CreatedAt: 9007199254740993, SessionID: "s2", Title: "T"},
		&gen.SessionCreatedData{Type: "session_created", CreatedAt: 9007199254740993, SessionID: "s2", Title: "T"}},
	{"session_deleted", `"type":"session_deleted","sessionId":"s2"`, ``,
		&gen.SessionDeletedData{Type: "session_deleted", SessionID: "s2"}, &gen.SessionDeletedData{Type: "session_deleted", SessionID: "s2"}},
	{"thinking", `"type":"thinking","content":"hm"`, `"assistantMessageId":"a1","parentToolCallId":"p1"`,
		&gen.ThinkingData{Type: "thinking", Content: "hm"},
		&gen.ThinkingData{Type: "thinking", Content: "hm", AssistantMessageID: new("a1"), ParentToolCallID: new("p1")}},
	{"tool_execution_complete", `"type":"t","progress":"done","success":true,"toolCallId":"c1","toolName":"srv_tool"`, `"parentToolCallId":"p1"`,
		&gen.ToolExecutionCompleteData{Type: "t", Progress: "done", Success: true, ToolCallID: "c1", ToolName: "srv_tool"},
		&gen.ToolExecutionCompleteData{Type: "t", Progress: "done", Success: true, ToolCallID: "c1", ToolName: "srv_tool", ParentToolCallID: new("p1")}},
	{"tool_execution_start", `"type":"t","progress":"start","toolCallId":"c1","toolName":"Grep"`, `"parentToolCallId":"p1"`,
		&gen.ToolExecutionStartData{Type: "t", Progress: "start", ToolCallID: "c1", ToolName: "Grep"},
		&gen.ToolExecutionStartData{Type: "t", Progress: "start", ToolCallID: "c1", ToolName: "Grep", ParentToolCallID: new("p1")}},
	{"tool_use_parameter_delta", `"type":"t","input":"{\"a","toolCallId":"c1"`, `"assistantMessageId":"a1","parentToolCallId":"p1"`,
		&gen.ToolUseParameterDeltaData{Type: "t", Input: `{"a`, ToolCallID: "c1"},
		&gen.ToolUseParameterDeltaData{Type: "t", Input: `{"a`, ToolCallID: "c1", AssistantMessageID: new("a1"), ParentToolCallID: new("p1")}},
	{"tool_use_parameter_streaming_complete", `"type":"t","id":"c1","input":"{}","name":"Edit"`, `"assistantMessageId":"a1","parentToolCallId":"p1"`,
		&gen.ToolUseParameterStreamingCompleteData{Type: "t", ID: "c1", Input: "{}", Name: "Edit"},
		&gen.ToolUseParameterStreamingCompleteData{Type: "t", ID: "c1", Input: "{}", Name: "Edit", AssistantMessageID: new("a1"), ParentToolCallID: new("p1")}},
	{"tool_use_start", `"type":"t","id":"c1","name":"Edit"`, `"assistantMessageId":"a1","parentToolCallId":"p1"`,
		&gen.ToolUseStartData{Type: "t", ID: "c1", Name: "Edit"},
		&gen.ToolUseStartData{Type: "t", ID: "c1", Name: "Edit", AssistantMessageID: new("a1"), ParentToolCallID: new("p1")}},
	{"user_message_created", `"type":"t","content":"hi","messageId":"m1"`, `"parentToolCallId":"p1"`,
		&gen.UserMessageCreatedData{Type: "t", Content: "hi", MessageID: "m1"},
		&gen.UserMessageCreatedData{Type: "t", Content: "hi", MessageID: "m1", ParentToolCallID: new("p1")}},
}

// TestEventsUnchanged of package endtoend covers the events that a later spec adds.
func TestEveryEvent(t *testing.T) {
	var text strings.Builder
	for _, w := range wire {
		text.WriteString(block(w.name, "1", "{"+w.bare+"}"))
		// Additions of a newer server pass.
		text.WriteString(block(w.name, "2", "{"+strings.Trim(w.bare+","+w.optional, ",")+`,"added":{"later":[1]}}`))
	}
	s := serve(t, send(text.String()), over).stream("", client.WithStrict())
	for _, w := range wire {
		for id, want := range []gen.Event{w.want, w.wantAll} {
			e := next(t, s)
			if e.ID != strconv.Itoa(id+1) || e.Name != w.name || !reflect.DeepEqual(e.Data, want) {
				t.Errorf("event %s %s:\n got %+v\nwant %+v", e.ID, e.Name, e.Data, want)
			}
			if !json.Valid(s.Raw()) || id == 0 && string(s.Raw()) != "{"+w.bare+"}" {
				t.Errorf("%s: raw data %s", e.Name, s.Raw())
			}
		}
	}
	if s.Next() || s.Err() != nil {
		t.Errorf("end: %v", s.Err())
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
