package inspector_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/server"
	"github.com/mixstream/mixstream/server/inspector"
)

// fact is an event of a contract that is not ours: what it is called, and its data as JSON.
type fact struct{ name, data string }

// orderEvents is an operation without control events, whose session is in the path, beside
// another parameter. Its events are named like things that a page or an EventSource has
// itself; one has no name, and one has text for data.
func orderEvents() contract.Operation[struct{}, fact] {
	return contract.Operation[struct{}, fact]{
		ID: "orderEvents", Method: http.MethodGet, Path: "/tenants/{tenant}/orders/{orderId}/events", Namespace: "orders",
		Session: contract.Param{In: "path", Name: "orderId"},
		Events: &contract.Events[fact]{
			Names: []string{"shipped", "content", "open", "error", "connection", "note", ""},
			Decode: func(name string, data []byte, _ func([]byte, any) error) (fact, error) {
				return fact{name, string(data)}, nil
			},
			Encode: func(b []byte, event fact) (string, []byte, error) { return event.name, append(b, event.data...), nil },
			Text:   func(name string) bool { return name == "note" },
		},
	}
}

// foreign serves orderEvents with the page before it, at an address that can change what is
// behind it.
func foreign(t *testing.T, log eventlog.Log, opts ...server.Option) (*server.Server[fact], http.Handler) {
	t.Helper()
	srv, err := server.New(orderEvents(), append(opts, server.WithLog(log), server.WithTiming(server.Timing{Retry: 50 * time.Millisecond, Heartbeat: 100 * time.Millisecond, DrainWindow: server.None}))...)
	if err != nil {
		t.Fatal(err)
	}
	page, err := inspector.New(orderEvents(), srv)
	if err != nil {
		t.Fatal(err)
	}
	return srv, page
}

// TestForeignContract follows a session of another contract over a cut, a gap and its end.
func TestForeignContract(t *testing.T) {
	srv, page := foreign(t, memory())
	current := make(chan http.Handler, 1)
	current <- page
	ts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := <-current
		current <- h
		h.ServeHTTP(w, r)
	}))
	t.Cleanup(ts.Close)
	publish := func(events ...fact) {
		t.Helper()
		for _, e := range events {
			if _, err := srv.Publish(t.Context(), "order 7/a", e); err != nil {
				t.Fatal(err)
			}
		}
	}
	publish(fact{"shipped", `{"carrier":"DHL"}`}, fact{"content", `{"content":"not a token"}`}, fact{"content", `{"content":"nor this"}`},
		fact{"open", `{"n":1}`}, fact{"error", `{"type":"replay_gap"}`}, fact{"connection", `{"text":"of the spec"}`}, fact{"note", `"plain\nwords"`}, fact{"", `{"unnamed":true}`})

	b := newBrowser(t)
	b.run(chromedp.Navigate("about:blank"), chromedp.Navigate(ts.URL+"/#order%207%2Fa"))
	b.state("refused")
	b.wantContains("state", "the address of this page must say tenant")
	b.run(chromedp.Navigate("about:blank"), chromedp.Navigate(ts.URL+"/?tenant=acme&verbose=1#order%207%2Fa"))
	b.state("live")
	b.count("8")
	b.until("document.querySelectorAll('#reading .block').length === 8") // nothing is joined
	b.wantContains("reading", "DHL", "not a token", "nor this", "plain\nwords", "unnamed", "of the spec")
	b.wantContains("kinds", "shipped", "open", "error", "connection", "note", "message")
	b.wantContains("open", "orderId", "as the server begins")
	if got := b.text("gaps"); got != "0" {
		t.Errorf("%s gaps", got)
	}
	b.screenshot("foreign")

	// The server restarts; signs of life come and go, and nothing twice.
	if err := srv.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.state("reconnecting")
	// Meanwhile the log is gone, and with it what the page would go on after.
	again, page := foreign(t, eventlog.NewMemory(eventlog.Retention{Entries: 1}))
	<-current
	current <- page
	srv = again
	publish(fact{"shipped", `{"carrier":"none"}`}, fact{"shipped", `{"carrier":"UPS"}`})
	b.until("document.getElementById('gaps').textContent === '1'")
	b.until("document.getElementById('reading').innerText.includes('UPS')")
	b.wantContains("reading", "Gap: events may be missing here")
	b.state("live")
	b.count("9")

	if _, err := srv.DeleteSession(t.Context(), "order 7/a"); err != nil {
		t.Fatal(err)
	}
	b.state("ended")
}

// What the page cannot set, the handler does, and only for the page.
func TestPositionFromPage(t *testing.T) {
	next := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(r.URL.RawQuery + " after " + strings.Join(r.Header.Values("Last-Event-ID"), ",")))
	})
	ts := servePage(t, orderEvents(), next)
	const stream = "/tenants/a/orders/7/events"
	for _, tc := range []struct {
		name, query string
		headers     []string
		want        string
	}{
		{"a first request", "?x=1&inspector-after=5", nil, "x=1 after 5"},
		{"a reconnection", "?x=1&inspector-after=5", []string{"Last-Event-ID", "9"}, "x=1 after 9"},
		{"no position", "?x=%20", nil, "x=%20 after "},
		{"another site", "?inspector-after=5", []string{"Sec-Fetch-Site", "cross-site"}, "inspector-after=5 after "},
	} {
		if _, body := ask(t, ts, http.MethodGet, stream+tc.query, tc.headers...); body != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, body, tc.want)
		}
	}
}

// A page is refused for an operation that no EventSource can ask for.
func TestOperationOutOfReach(t *testing.T) {
	for name, change := range map[string]func(*contract.Operation[struct{}, fact]){
		"a POST":              func(op *contract.Operation[struct{}, fact]) { op.Method = http.MethodPost },
		"a session header":    func(op *contract.Operation[struct{}, fact]) { op.Session.In = "header" },
		"a session cookie":    func(op *contract.Operation[struct{}, fact]) { op.Session.In = "cookie" },
		"the page's own path": func(op *contract.Operation[struct{}, fact]) { op.Path = "/" },
		"no events":           func(op *contract.Operation[struct{}, fact]) { op.Events = nil },
	} {
		op := orderEvents()
		change(&op)
		if _, err := inspector.New(op, told); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

// What the page is told of an operation is JavaScript, whatever the names are.
func TestOperationOfPage(t *testing.T) {
	op := orderEvents()
	op.Events.Names = append(op.Events.Names, "</script>\u2028\"")
	ts := servePage(t, op, told)
	_, body := ask(t, ts, http.MethodGet, "/inspector/names.js")
	names, ok := strings.CutPrefix(strings.Split(body, ";\n")[0], "export const eventNames = ")
	var got []string
	if err := json.Unmarshal([]byte(names), &got); !ok || err != nil || len(got) != 8 || strings.ContainsAny(body, "<\u2028") {
		t.Errorf("%q, %v: %s", got, err, body)
	}
}
