package inspector_test

import (
	"context"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
	"github.com/mixstream/mixstream/server/inspector"
)

// site is a server with the page before it.
type site struct {
	t    *testing.T
	srv  *mix.Server
	url  string
	addr string
	http *http.Server
	done chan struct{}
}

// newSite serves a log; addr is that of a site that was stopped, or empty.
func newSite(t *testing.T, addr string, log eventlog.Log, opts ...server.Option) *site {
	t.Helper()
	srv, err := mix.NewServer(append([]server.Option{server.WithLog(log), server.WithTiming(server.Timing{Retry: 50 * time.Millisecond, DrainWindow: server.None})}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	page, err := inspector.New(gen.StreamEvents, srv, inspector.WithAgentView(), inspector.WithSessions(func(*http.Request) []string { return []string{"s1", "s2"} }))
	if err != nil {
		t.Fatal(err)
	}
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, srv: srv, addr: l.Addr().String(), url: "http://" + l.Addr().String(), http: &http.Server{Handler: page}, done: make(chan struct{})}
	go func() {
		defer close(s.done)
		_ = s.http.Serve(l)
	}()
	t.Cleanup(s.stop)
	return s
}

// stop ends the site at once, as a process that dies does.
func (s *site) stop() {
	_ = s.http.Close()
	<-s.done
}

func (s *site) publish(session string, events ...gen.Event) (id string) {
	s.t.Helper()
	for _, e := range events {
		var err error
		if id, err = s.srv.Publish(context.Background(), session, e); err != nil {
			s.t.Fatal(err)
		}
	}
	return id
}

func memory() *eventlog.Memory {
	return eventlog.NewMemory(eventlog.Retention{Entries: 100_000, Bytes: 1 << 30})
}

func pointer(s string) *string { return &s }

// turn is what an agent says in one turn, with every kind of event.
func turn() []gen.Event {
	m := pointer("m2")
	events := []gen.Event{
		&gen.UserMessageCreatedData{Type: "user_message_created", MessageID: "m1", Content: "Where is the log used, and is it safe to trim?"},
	}
	for _, w := range strings.SplitAfter("First find who imports it, then look at what trims. ", " ") {
		events = append(events, &gen.ThinkingData{Type: "thinking", AssistantMessageID: m, Content: w})
	}
	events = append(events, &gen.ToolUseStartData{Type: "tool_use_start", AssistantMessageID: m, ID: "call-1", Name: "Grep"})
	for _, w := range []string{`{"pattern"`, `:"eventlog`, `\\.Log","path"`, `:".","glob":"*.go"}`} {
		events = append(events, &gen.ToolUseParameterDeltaData{Type: "tool_use_parameter_delta", AssistantMessageID: m, ToolCallID: "call-1", Input: w})
	}
	events = append(events,
		&gen.ToolUseParameterStreamingCompleteData{Type: "tool_use_parameter_streaming_complete", AssistantMessageID: m, ID: "call-1", Name: "Grep", Input: `{"pattern":"eventlog\\.Log","path":".","glob":"*.go"}`},
		&gen.ToolExecutionStartData{Type: "tool_execution_start", ToolCallID: "call-1", ToolName: "Grep", Progress: "Searching for “eventlog.Log”"},
		&gen.ToolExecutionCompleteData{Type: "tool_execution_complete", ToolCallID: "call-1", ToolName: "Grep", Progress: "12 lines in 5 files match", Success: true},
		&gen.PermissionData{Type: "permission", ID: "p1", SessionID: "s1", ToolName: "Write", Action: "write", Description: "Write the findings to notes.md", Path: pointer("notes.md"), Params: map[string]any{"file_path": "notes.md", "bytes": 1204}},
		&gen.NotificationData{Type: "notification", ID: "n1", SessionID: "s1", Title: "Which branch?", Message: "Two branches match the question.", NotificationType: "question", ResponseType: "choice", Choices: []string{"main", "next"}, Timeout: 60_000, CreatedAt: 1},
		&gen.ToolUseStartData{Type: "tool_use_start", AssistantMessageID: m, ID: "call-2", Name: "ReadText"},
		&gen.ToolUseParameterDeltaData{Type: "tool_use_parameter_delta", AssistantMessageID: m, ToolCallID: "call-2", Input: `{"file_path":"/etc/sha`},
		&gen.ToolUseParameterStreamingCompleteData{Type: "tool_use_parameter_streaming_complete", AssistantMessageID: m, ID: "call-2", Name: "ReadText", Input: `{"file_path":"/etc/shadow"}`},
		&gen.ToolExecutionCompleteData{Type: "tool_execution_complete", ToolCallID: "call-2", ToolName: "ReadText", Progress: "permission denied", Success: false},
		&gen.ErrorData{Type: pointer("provider_error"), Error: "The model is overloaded; attempt 1 of 5."},
	)
	for _, w := range strings.SplitAfter("The log stands behind every stream: five files import it. Trimming is safe, since each session remembers how far it was trimmed, and a reader from before that is told of the gap.", " ") {
		events = append(events, &gen.ContentData{Type: "content", AssistantMessageID: m, Content: w})
	}
	return append(events, &gen.CompleteData{Type: "complete", Done: true, MessageID: m})
}
