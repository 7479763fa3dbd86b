package otherclients_test

import (
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/internal/othertool"
	"github.com/mixstream/mixstream/server"
)

// reader is a client that reads the server's streams.
type reader struct {
	name string // in the documentation
	read program

	once   bool // reads one answer, and does not reconnect
	noName bool // does not deliver names
	noID   bool // does not deliver ids
	// r3labs delivers the text before the end of a connection as an event, and treats a clean
	// end as the end of the stream.
	r3labs bool
}

// readers returns all readers: those in Go, and in slow tests those of other languages.
func readers(t *testing.T) []reader {
	t.Helper()
	all := []reader{
		{name: "this module's client", read: readOurs()},
		{name: "tmaxmax/go-sse 0.12", read: readTmaxmax},
		{name: "launchdarkly/eventsource 1.11 (Go)", read: readLaunchDarkly},
		{name: "r3labs/sse 2.10", read: readR3labs, r3labs: true},
		{name: "openai-go 3.99", read: readOpenAI, once: true, noID: true},
		{name: "anthropic-sdk-go 2.15", read: readAnthropic, once: true, noID: true},
	}
	if os.Getenv("MIXSTREAM_SLOW") == "" {
		t.Log("LEFT OUT: browsers and clients for node are slow: run with MIXSTREAM_SLOW=1")
		return all
	}
	chromium := othertool.Path(t, "chromium", "chromium-browser", "google-chrome")
	dir := packages(t)
	return append(all,
		reader{name: "`EventSource` of Chromium", read: inBrowser(chromium)},
		reader{name: "npm `eventsource` 4.1", read: inNode(dir, "eventsource")},
		reader{name: "npm `eventsource-client` 1.2", read: inNode(dir, "eventsource-client")},
		reader{name: "`@microsoft/fetch-event-source` 2.0", read: inNode(dir, "fetch-event-source")},
		reader{name: "npm `launchdarkly-eventsource` 2.2", read: inNode(dir, "launchdarkly-eventsource")},
		reader{name: "npm `openai` 7.59", read: inNode(dir, "openai"), once: true, noID: true, noName: true},
		reader{name: "npm `@anthropic-ai/sdk` 1.14", read: inNode(dir, "anthropic"), once: true, noID: true, noName: true},
	)
}

// as returns an event in the form in which the reader delivers it.
func (r *reader) as(e said) said {
	if r.noID {
		e.ID = ""
	}
	if r.noName {
		e.Name = ""
	}
	return e
}

// row is the behaviour of a reader, as the table of docs/clients.md states it.
type row struct{ cut, drain, ended, gap, first string }

func (r *row) cells() []string { return []string{r.cut, r.drain, r.ended, r.gap, r.first} }

// TestReaders exposes each reader to everything that the server does, and compares the
// delivered events with the published ones. docs/clients.md must describe the result.
func TestReaders(t *testing.T) {
	page, err := os.ReadFile("../../docs/clients.md")
	if err != nil {
		t.Fatal(err)
	}
	all := readers(t)
	var mu sync.Mutex
	rows := map[string]string{}
	t.Run("all", func(t *testing.T) {
		for _, r := range all {
			t.Run(strings.ReplaceAll(strings.ReplaceAll(r.name, "/", " "), "`", ""), func(t *testing.T) {
				t.Parallel()
				var did [2]row
				for i, mode := range []string{"attached", "detached"} {
					t.Run(mode, func(t *testing.T) { did[i] = r.live(t, i == 1) })
				}
				if t.Failed() {
					return
				}
				line := "| " + r.name
				for i, attached := range did[0].cells() {
					line += " | " + attached
					if detached := did[1].cells()[i]; detached != attached {
						line += "; detached: " + detached
					}
				}
				line += " |"
				mu.Lock()
				defer mu.Unlock()
				rows[r.name] = line
				if !strings.Contains(string(page), "\n"+line+"\n") {
					t.Errorf("docs/clients.md does not have this line:\n%s", line)
				}
			})
		}
	})
	for _, r := range all {
		t.Log(rows[r.name])
	}
}

// live exposes a reader to everything.
func (r *reader) live(t *testing.T, detached bool) (did row) {
	switch {
	case r.once:
		did = row{gap: "–", first: "–"}
		t.Run("once", func(t *testing.T) { r.readsOnce(t, detached, &did) })
		return did
	case r.r3labs:
		t.Run("life", func(t *testing.T) { r.r3labsLives(t, detached, &did) })
	default:
		t.Run("life", func(t *testing.T) { r.lives(t, detached, &did) })
	}
	t.Run("gap", func(t *testing.T) { r.meetsGap(t, detached, &did) })
	t.Run("gap that is silent", func(t *testing.T) { r.passesGap(t, detached) })
	t.Run("first cut", func(t *testing.T) { r.cutFirst(t, detached) })
	t.Run("first cut from the end", func(t *testing.T) { r.cutFirstFromEnd(t, detached, &did) })
	return did
}

// lives exposes a reader to a session from its opening to its end.
func (r *reader) lives(t *testing.T, detached bool, did *row) {
	s := newSite(t, detached, 0)
	run := start(t, s, r.read)
	var want []said
	publish := func(text string) { want = append(want, s.publish(text)) }

	s.idle(3)
	run.want("signs of life before the first event", nil)
	publish("one")
	run.want("the first event", want)
	s.idle(3)
	publish("two")
	publish("three")
	run.want("events after signs of life", want)
	s.idle(2)
	run.wantOn("signs of life", 0)

	s.away(func() { publish("four") })
	run.want("a cut after a sign of life", want)
	publish("five")
	run.want("an event", want)
	s.wire.cut()
	publish("six")
	run.want("a cut after an event", want)
	run.wantOn("two cuts", 2)
	did.cut = "comes back"

	s.drain() // and make it reconnect once more
	publish("seven")
	run.want("a drain after an event", want)
	s.idle(2)
	s.drain()
	publish("eight")
	run.want("a drain after a sign of life", want)
	run.wantOn("two drains", 2+4)
	did.drain = "comes back"

	s.idle(2)
	if _, err := s.current.Load().DeleteSession(t.Context(), session); err != nil {
		t.Fatal(err)
	}
	did.ended = asksAgain(run.again("204"))
	run.want("the end", want)
}

func asksAgain(again bool) string {
	if again {
		return "asks again"
	}
	return "ends"
}

// readsOnce makes a reader read one answer after the other, to the end of each. Only a cut may
// be an error.
func (r *reader) readsOnce(t *testing.T, detached bool, did *row) {
	for _, end := range []struct {
		name     string
		sentinel string
		make     func(s *site)
		did      *string
	}{
		{"cut", "", func(s *site) { s.idle(2); s.wire.cut() }, &did.cut},
		{"drain", "", func(s *site) { s.drain() }, &did.drain},
		{"drain after a sign of life", "", func(s *site) { s.idle(2); s.drain() }, &did.drain},
		{"end", "", deleteSession, &did.ended},
		{"end after a sign of life", "", func(s *site) { s.idle(2); deleteSession(s) }, &did.ended},
		{"sentinel", "[DONE]", func(s *site) { s.idle(2); deleteSession(s) }, &did.ended},
	} {
		if end.name == "sentinel" && strings.Contains(r.name, "anthropic") {
			continue // that end is openai's
		}
		t.Run(end.name, func(t *testing.T) {
			s := newSiteEnding(t, end.sentinel, detached, 0)
			run := start(t, s, r.read)
			var want []said
			s.idle(3)
			want = append(want, r.as(s.publish("one")))
			run.want("the first event", want)
			s.idle(3)
			want = append(want, r.as(s.publish("two")), r.as(s.publish("three")))
			run.want("events after signs of life", want)
			run.wantOn("signs of life", 0)
			end.make(s)
			s.until("the end", run.hasEnded)
			events, rest := run.events()
			if end.name == "sentinel" && len(events) > len(want) { // a reader of lines leaves it to its user
				events = slices.DeleteFunc(events, func(e said) bool { return e.Data == "[DONE]" })
			}
			if !slices.Equal(events, want) || len(rest) != 1 || rest[0].Kind != "end" {
				t.Fatalf("it has told %v and %v, want %v", events, rest, want)
			}
			*end.did = "a clean end"
			if rest[0].Text != "" {
				*end.did = "an error"
				if end.name != "cut" {
					t.Errorf("it has ended with %v", rest)
				}
			}
		})
	}
}

func deleteSession(s *site) {
	s.t.Helper()
	if _, err := s.current.Load().DeleteSession(s.t.Context(), session); err != nil {
		s.t.Fatal(err)
	}
}

// r3labsLives runs r3labs until the first clean end, which it treats as the end of the stream.
func (r *reader) r3labsLives(t *testing.T, detached bool, did *row) {
	s := newSite(t, detached, 0)
	run := start(t, s, r.read)
	s.idle(3)
	run.want("signs of life before the first event", nil)
	want := []said{s.publish("one")}
	run.want("the first event", want)
	s.idle(3)
	want = append(want, s.publish("two"))
	run.want("an event after signs of life", want)

	s.idle(2)
	empty := said{Kind: "event", ID: want[1].ID}
	s.away(func() { want = append(want, empty, s.publish("three")) })
	run.want("a cut after a sign of life", want)
	did.cut = "comes back; an empty event"

	s.drain()
	want = append(want, said{Kind: "event", ID: want[3].ID})
	run.want("a drain", want)
	s.until("the end", run.hasEnded)
	did.drain = "ends; an empty event"

	s = newSite(t, detached, 0)
	run = start(t, s, r.read)
	want = []said{s.publish("one")}
	run.want("the first event", want)
	s.idle(2)
	deleteSession(s)
	want = append(want, said{Kind: "event", ID: want[0].ID})
	run.want("the end after a sign of life", want)
	s.until("the end", run.hasEnded)
	did.ended = "ends; an empty event"
}

// meetsGap makes a reader reconnect after events that are no longer retained.
func (r *reader) meetsGap(t *testing.T, detached bool, did *row) {
	s := newSite(t, detached, 2)
	run := start(t, s, r.read)
	want := []said{s.publish("one")}
	run.want("the first event", want)
	var failures int
	accepted := s.wire.accepted()
	s.away(func() {
		for _, text := range []string{"two", "three", "four", "five", "six"} {
			s.publish(text)
		}
		s.until("another connection", func() bool { return s.wire.accepted() > accepted }) // the reader has noticed the cut
		_, rest := run.events()
		failures = len(rest)
	})
	again := run.again("410")
	did.gap = asksAgain(again)
	s.until("a word", func() bool { _, rest := run.events(); return again || len(rest) > failures })
	run.want("a gap", want)
}

// passesGap is meetsGap for an application that asked for silent gaps.
func (r *reader) passesGap(t *testing.T, detached bool) {
	s := newSite(t, detached, 2, server.WithSilentGaps())
	run := start(t, s, r.read)
	want := []said{s.publish("one")}
	run.want("the first event", want)
	s.away(func() {
		for _, text := range []string{"two", "three", "four"} {
			s.publish(text)
		}
		want = append(want, s.publish("five"), s.publish("six"))
	})
	run.want("a silent gap", want)
}

// cutFirst cuts a reader before its first event: by default it misses nothing.
func (r *reader) cutFirst(t *testing.T, detached bool) {
	s := newSite(t, detached, 0)
	run := start(t, s, r.read)
	s.idle(2)
	var want []said
	s.away(func() { want = append(want, s.publish("one")) })
	run.want("a cut before the first event", want)
	want = append(want, s.publish("two"))
	run.want("an event", want)
	run.wantOn("a cut", 1)
}

// cutFirstFromEnd is cutFirst where fresh streams begin with the next event: only a client
// that knows the header Last-Event-ID of the answer misses nothing.
func (r *reader) cutFirstFromEnd(t *testing.T, detached bool, did *row) {
	s := newSite(t, detached, 0, server.WithStreamsFromEnd())
	s.publish("none")
	run := start(t, s, r.read)
	s.idle(2)
	var one said
	s.away(func() { one = s.publish("one") })
	s.until("the reader is back", func() bool { return s.current.Load().Readers(session) == 1 })
	two := s.publish("two")
	s.until("an event", func() bool { got, _ := run.events(); return slices.Contains(got, two) })
	got, _ := run.events()
	switch {
	case slices.Equal(got, []said{one, two}):
		did.first = "misses nothing"
	case slices.Equal(got, []said{two}):
		did.first = "misses what came meanwhile"
	default:
		t.Errorf("it has told %v", got)
	}
	run.wantOn("a cut", 1)
}

// Our client continues after a gap if the option asks for it.
func TestOursContinuesOnGap(t *testing.T) {
	inBothModes(t, func(t *testing.T, detached bool) {
		s := newSite(t, detached, 2)
		run := start(t, s, readOurs(client.ContinueOnGap()))
		want := []said{s.publish("one")}
		run.want("the first event", want)
		s.away(func() {
			for _, text := range []string{"two", "three", "four"} {
				s.publish(text)
			}
			want = append(want, s.publish("five"), s.publish("six"))
		})
		run.want("a gap", want)
		run.wantOn("a gap", 0)
	})
}

// inBothModes runs a test with attached and with detached streams.
func inBothModes(t *testing.T, f func(t *testing.T, detached bool)) {
	for _, mode := range []string{"attached", "detached"} {
		t.Run(mode, func(t *testing.T) { f(t, mode == "detached") })
	}
}
