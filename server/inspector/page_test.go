package inspector_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/server"
)

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
	servertest.DeleteSession(t, s.srv, "s1")
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

// TestHostileData publishes markup and controls in every string: it stays text.
func TestHostileData(t *testing.T) {
	s := newSite(t, "", memory(), server.WithoutEventChecks())
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
	b := browse(t, s.url, "s1")
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
	b := browse(t, s.url, "s1")
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
	b := browse(t, s.url, "nobody")
	b.state("refused")
	b.wantContains("state", `session "nobody" does not exist`)
}
