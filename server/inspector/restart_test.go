package inspector_test

import (
	"fmt"
	"net"
	"net/http"
	"slices"
	"testing"

	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/servertest"
)

// TestServerRestarts ends the server in the middle of a session and starts another:
// the browser resumes by itself, and nothing is lost or doubled.
func TestServerRestarts(t *testing.T) {
	log := memory()
	s := newSite(t, "", log)
	var want []string
	say := func(when string) {
		for i := range 20 {
			want = append(want, fmt.Sprint(when, i))
			s.publish("s1", &gen.UserMessageCreatedData{Type: "user_message_created", MessageID: "m", Content: fmt.Sprint(when, i)})
		}
	}
	say("before ")
	b := browse(t, s.url, "s1")
	b.count("21") // with connected
	s.stop()
	b.state("reconnecting")
	// Meanwhile the agent goes on.
	s = newSite(t, s.addr, log)
	say("after ")
	b.state("live")
	b.count("42")
	b.until("document.getElementById('reconnections').textContent === '1'")
	if b.text("gaps") != "0" {
		t.Errorf("%s gaps", b.text("gaps"))
	}
	got := eval[[]string](b, "[...document.querySelectorAll('#reading [data-kind=user_message_created]')].map((e) => e.textContent)")
	if !slices.Equal(got, want) {
		t.Fatalf("got %q", got)
	}
	b.screenshot("restarted")
}

// TestBrowserGivesUp answers the browser's reconnection with an error, after which an
// EventSource never comes back: the page opens another from its last id.
func TestBrowserGivesUp(t *testing.T) {
	log := memory()
	s := newSite(t, "", log)
	s.publish("s1", servertest.Content("one "))
	b := browse(t, s.url, "s1")
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
	b := browse(t, s.url, "s1")
	b.count("2")
	s.stop()
	s = newSite(t, s.addr, memory())
	s.publish("s1", servertest.Content("after"))
	b.until("document.getElementById('gaps').textContent === '1'")
	b.until("document.getElementById('reading').innerText.includes('after')")
	b.wantContains("reading", "Gap: events may be missing here")
	b.screenshot("gap")
}
