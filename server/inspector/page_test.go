package inspector_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/servertest"
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

// TestPage looks at a session while it happens, and works with what is shown.
func TestPage(t *testing.T) {
	s := newSite(t, "", memory(), server.WithTiming(server.Timing{Heartbeat: 300 * time.Millisecond}))
	s.publish("s1", turn()...)
	b := newBrowser(t)
	b.size(1280, 800)
	b.open(s.url, "s1")
	b.state("live")
	b.until("document.querySelectorAll('#reading .block').length > 8")
	b.wantContains("reading", "First find who imports it, then look at what trims.", "Grep", "call-1", "12 lines in 5 files match",
		"failed", "permission denied", "Permission: Write", "notes.md", "Which branch?", "main", "next", "provider_error",
		"five files import it. Trimming is safe", "turn complete", "Where is the log used")

	b.until("(({ scrollTop, clientHeight, scrollHeight }) => scrollHeight > clientHeight && scrollTop + clientHeight > scrollHeight - 2)(document.getElementById('reading'))")
	b.do("document.getElementById('reading').scrollTop = 0")
	for _, theme := range []string{"light", "dark"} {
		b.theme(theme)
		b.screenshot("wide-" + theme)
	}
	b.do("document.getElementById('reading').scrollTop = 1e6")
	// The tool call while its parameters stream.
	s.publish("s1", &gen.ToolUseStartData{Type: "tool_use_start", ID: "call-9", Name: "Edit"},
		&gen.ToolUseParameterDeltaData{Type: "tool_use_parameter_delta", ToolCallID: "call-9", Input: `{"file_path":"REA`})
	b.until(`document.querySelector('#reading .streaming')?.textContent === '{"file_path":"REA'`)
	s.publish("s1", &gen.ToolUseParameterDeltaData{Type: "tool_use_parameter_delta", ToolCallID: "call-9", Input: `DME.md"}`})
	b.until(`document.querySelector('#reading .block:last-child .json')?.textContent.includes('"README.md"')`)

	// The keyboard chooses, and shows the event in full.
	b.key(kb.ArrowDown)
	b.run(chromedp.KeyEvent(kb.End))
	b.until("document.querySelector('#list .row[aria-selected=true]') !== null && !document.getElementById('detail').hidden")
	b.wantContains("detail", "tool_use_start, tool_use_parameter_delta", "call-9", "ids")
	b.screenshot("detail-dark")
	b.theme("light")
	b.screenshot("detail-light")

	// Copied is what was published.
	b.do(`navigator.clipboard.writeText = async (text) => { window.copied = text; }`)
	b.run(chromedp.KeyEvent("c"))
	b.until("window.copied?.includes('tool_use_parameter_delta')")
	for line := range strings.Lines(eval[string](b, "window.copied")) {
		var e struct {
			ID, Event string
			Data      map[string]any
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil || e.ID == "" || e.Event == "" || e.Data["toolCallId"] == nil && e.Data["id"] == nil {
			t.Errorf("copied %s: %v", line, err)
		}
	}

	// Filter by text and by kind.
	b.key("/")
	b.until("document.activeElement.id === 'filter'")
	b.do("document.getElementById('filter').value = ''") // the key came there as well, as it does not from a keyboard
	b.run(chromedp.KeyEvent("overloaded"))
	b.until("[...document.querySelectorAll('#list .row:not([hidden])')].length === 1")
	b.wantContains("list", "The model is overloaded")
	b.run(chromedp.KeyEvent(kb.Escape))
	b.until("[...document.querySelectorAll('#list .row:not([hidden])')].length > 5")
	b.click(`#kinds [data-kind="error"]`)
	b.until("!document.getElementById('list').innerText.includes('overloaded')")
	b.click(`#kinds [data-kind="error"]`)

	// Not joined, each piece is a row of its own.
	b.key("j")
	b.until("document.querySelectorAll('#list .row').length > 15 && document.getElementById('list').innerText.includes('tool_use_parameter_delta')")
	b.key("j")

	// Paused, what comes waits.
	b.key(" ")
	s.publish("s1", servertest.Content("while paused"))
	b.until("document.getElementById('pause').textContent === 'Go on (+1)'")
	if strings.Contains(b.text("list"), "while paused") {
		t.Error("a paused list goes on")
	}
	b.key(" ")
	b.until("document.getElementById('list').innerText.includes('while paused')")

	b.until("document.getElementById('heard').textContent.endsWith('s ago')")
	b.key("?")
	b.until("document.getElementById('help').open")
	b.screenshot("help")
	b.run(chromedp.KeyEvent(kb.Escape))

	// The end of the session is an end.
	if _, err := s.srv.DeleteSession(context.Background(), "s1"); err != nil {
		t.Fatal(err)
	}
	b.state("ended")
}

// TestNarrowPage is the page on a telephone.
func TestNarrowPage(t *testing.T) {
	s := newSite(t, "", memory())
	s.publish("s1", turn()...)
	b := newBrowser(t)
	b.size(390, 844)
	b.open(s.url, "s1")
	b.until("document.querySelectorAll('#list .row').length > 8")
	if width := eval[int](b, "document.documentElement.scrollWidth"); width > 390 {
		t.Errorf("the page is %d pixels wide", width)
	}
	b.theme("light")
	b.screenshot("narrow-list")
	b.click("#show-side")
	b.until("document.getElementById('reading').offsetParent !== null || getComputedStyle(document.getElementById('side')).display === 'flex'")
	b.wantContains("reading", "five files import it")
	b.screenshot("narrow-reading")
	b.theme("dark")
	b.click("#close-side")
	b.click("#list .row:nth-child(4)")
	b.until("getComputedStyle(document.getElementById('side')).display === 'flex' && !document.getElementById('detail').hidden")
	b.screenshot("narrow-detail-dark")
}

// TestServerRestarts ends the server in the middle of a session and starts another:
// the browser resumes by itself, and nothing is lost or doubled.
func TestServerRestarts(t *testing.T) {
	log := memory()
	s := newSite(t, "", log)
	for i := range 20 {
		s.publish("s1", &gen.UserMessageCreatedData{Type: "user_message_created", MessageID: "m", Content: fmt.Sprint("before ", i)})
	}
	b := newBrowser(t)
	b.open(s.url, "s1")
	b.count("21") // with connected
	s.stop()
	b.state("reconnecting")
	// Meanwhile the agent goes on.
	s = newSite(t, s.addr, log)
	for i := range 20 {
		s.publish("s1", &gen.UserMessageCreatedData{Type: "user_message_created", MessageID: "m", Content: fmt.Sprint("after ", i)})
	}
	b.state("live")
	b.count("42")
	b.until("document.getElementById('reconnections').textContent === '1'")
	if b.text("gaps") != "0" {
		t.Errorf("%s gaps", b.text("gaps"))
	}
	got := eval[[]string](b, "[...document.querySelectorAll('#reading [data-kind=user_message_created]')].map((e) => e.textContent)")
	for i := range 40 {
		want := fmt.Sprint("before ", i)
		if i >= 20 {
			want = fmt.Sprint("after ", i-20)
		}
		if len(got) != 40 || got[i] != want {
			t.Fatalf("got %q", got)
		}
	}
	b.screenshot("restarted")
}

// TestBrowserGivesUp answers the browser's reconnection with an error, after which an
// EventSource never comes back: the page opens another from its last id.
func TestBrowserGivesUp(t *testing.T) {
	log := memory()
	s := newSite(t, "", log)
	s.publish("s1", servertest.Content("one "))
	b := newBrowser(t)
	b.open(s.url, "s1")
	b.count("2")
	s.stop()
	l, err := net.Listen("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	asked := make(chan struct{}, 100)
	down := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadGateway)
		select {
		case asked <- struct{}{}:
		default:
		}
	})}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = down.Serve(l)
	}()
	<-asked
	<-asked // the page asks what the browser does not tell
	down.Close()
	<-served
	s = newSite(t, s.addr, log)
	s.publish("s1", servertest.Content("two "), servertest.Content("three"))
	b.state("live")
	b.until("document.getElementById('reading').innerText.includes('two three')")
	b.count("5")
	b.wantContains("list", "opening anew after")
}

// TestGap follows a log that has lost what the page would go on after.
func TestGap(t *testing.T) {
	s := newSite(t, "", memory())
	s.publish("s1", servertest.Content("before"))
	b := newBrowser(t)
	b.open(s.url, "s1")
	b.count("2")
	s.stop()
	s = newSite(t, s.addr, memory())
	s.publish("s1", servertest.Content("after"))
	b.until("document.getElementById('gaps').textContent === '1'")
	b.until("document.getElementById('reading').innerText.includes('after')")
	b.wantContains("reading", "Gap: events may be missing here")
	b.screenshot("gap")
}

// TestHostileData publishes markup and controls in every string: it stays text.
func TestHostileData(t *testing.T) {
	s := newSite(t, "", memory())
	const hostile = `<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>"'><svg onload=window.hacked=1>` + "\u202e\u0000\u001b[31m" + `</textarea>{{7*7}}javascript:window.hacked=1`
	h := pointer(hostile)
	for _, name := range gen.StreamEvents.Names() {
		switch gen.EventName(name) {
		case gen.EventNameConnected, gen.EventNameHeartbeat, gen.EventNameSessionCreated, gen.EventNameSessionDeleted:
			continue
		}
		data := map[string]any{"progress": hostile, "toolCallId": hostile, "toolName": hostile, "name": hostile, "id": hostile, "input": hostile, "content": hostile, "title": hostile,
			"message": hostile, "notificationType": hostile, "responseType": hostile, "choices": []string{hostile}, "action": hostile, "description": hostile, "path": hostile,
			"params": map[string]any{hostile: hostile, "__proto__": hostile, "constructor": map[string]any{"prototype": hostile}}, "error": hostile, "type": hostile, "messageId": hostile,
			"assistantMessageId": hostile, "parentToolCallId": hostile, "sessionId": hostile, "done": true, "success": true, "createdAt": 1, "timeout": 1}
		text, err := json.Marshal(data)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.srv.PublishJSON(t.Context(), "s1", name, text); err != nil {
			t.Fatal(name, err)
		}
	}
	// Strings where the schema has others come from servers that do not look.
	s.publish("s1", &gen.ErrorData{Error: *h})
	b := newBrowser(t)
	b.open(s.url, "s1")
	b.until("document.querySelectorAll('#reading .block').length >= 8")
	b.wantContains("reading", `<img src=x onerror="window.hacked=1">`)
	b.wantContains("list", `<img src=x onerror="window.hacked=1">`)
	b.wantContains("reading", "⟨U+202E⟩␀␛[31m")
	for range 12 {
		b.key(kb.ArrowDown)
		b.do("document.querySelectorAll('details').forEach((d) => d.open = true)")
	}
	b.key("j")
	b.until("document.getElementById('list').innerText.includes('tool_use_start')")
	if eval[bool](b, "window.hacked !== undefined || document.querySelector('main img, main script, main svg') !== null") {
		t.Error("the page ran what was published")
	}
	b.screenshot("hostile")
}

// TestPageWithToken opens a session that needs a token: the page asks for it, keeps it
// where no script can read it, and goes on after a restart that invalidates the cookie.
func TestPageWithToken(t *testing.T) {
	log := memory()
	guard := server.WithAuthorizer(func(r *http.Request, _ string) error {
		if r.Header.Get("Authorization") != "Bearer sesame" {
			return server.ErrUnauthorized
		}
		return nil
	})
	s := newSite(t, "", log, guard)
	s.publish("s1", servertest.Content("secret"))
	b := newBrowser(t)
	b.open(s.url, "s1")
	b.until("!document.getElementById('access').hidden")
	b.wantContains("access-reason", "valid credentials are required")
	b.screenshot("access")
	for _, token := range []string{"wrong", "sesame"} {
		b.run(chromedp.SendKeys(chromedp.CSS("#token"), token+kb.Enter))
		if token == "wrong" {
			b.until("!document.getElementById('access').hidden && document.getElementById('access-reason').textContent.startsWith('The token does not give access')")
		}
	}
	b.until("document.getElementById('reading').innerText.includes('secret')")
	if cookies := eval[string](b, "document.cookie + JSON.stringify({ ...localStorage, ...sessionStorage })"); strings.Contains(cookies, "sesame") || strings.Contains(cookies, "inspector") {
		t.Errorf("scripts can read %s", cookies)
	}
	s.stop()
	s = newSite(t, s.addr, log, guard)
	s.publish("s1", servertest.Content(" and more"))
	b.until("document.getElementById('reading').innerText.includes('secret and more')")
}

// TestRefusedSession says why a session cannot be followed.
func TestRefusedSession(t *testing.T) {
	s := newSite(t, "", memory())
	b := newBrowser(t)
	b.open(s.url, "nobody")
	b.state("refused")
	b.wantContains("state", `session "nobody" does not exist`)
	if err := s.srv.Shutdown(t.Context()); err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
