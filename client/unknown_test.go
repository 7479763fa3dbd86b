package client_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/sse"
)

func TestUnknownEvents(t *testing.T) {
	tests := []struct {
		name, text string
		event      string
		data       string
		misfit     bool
	}{
		{"a name that Mix sends", block("rate_limit_error", "2", `{"a":1}`), "rate_limit_error", `{"a":1}`, false},
		{"no name", "data: {}\nid: 2\n\n", "", "{}", false},
		{"another case", block("Content", "2", "{}"), "Content", "{}", false},
		{"no JSON", block("content", "2", "hello"), "content", "hello", true},
		{"no data", block("content", "2", ""), "content", "", true},
		{"a cut-off object", block("content", "2", `{"content":"a"`), "content", `{"content":"a"`, true},
		{"an array", block("content", "2", `[]`), "content", `[]`, true},
		{"a number for a string", block("content", "2", `{"content":1}`), "content", `{"content":1}`, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			server := serve(t, send(connected("1")+test.text+content("3", "a")), over)
			s := server.stream("")
			next(t, s)
			e := next(t, s)
			u, ok := e.Data.(*gen.UnknownEvent)
			if !ok || e.Name != test.event || u.Name != test.event || string(u.Data) != test.data || string(s.Raw()) != test.data {
				t.Fatalf("%+v, data %+v", e, e.Data)
			}
			if misfit := u.Err != nil; misfit != test.misfit || e.ID != "2" {
				t.Errorf("id %s, error %v", e.ID, u.Err)
			}
			wantNames(t, s, "content 3")
			wantIDs(t, server, "-", "3")

			strict := serve(t, send(connected("1")+test.text+content("3", "a"))).stream("", client.WithStrict())
			wantNames(t, strict, "connected 1")
			err := strict.Err()
			if !errors.Is(err, client.ErrUnknownEvent) || !strings.Contains(err.Error(), `"`+test.event+`"`) {
				t.Errorf("strict: %v", err)
			}
			if strict.LastEventID() != "1" {
				t.Errorf("strict: resumes from %s, which skips the event", strict.LastEventID())
			}
		})
	}
}

func TestTooLargeEvent(t *testing.T) {
	large := content("2", strings.Repeat("x", 2000))
	lines := "event: content\n" + strings.Repeat("data: "+strings.Repeat("y", 500)+"\n", 4) + "id: 3\n\n"
	server := serve(t, send(connected("1")+large+lines+content("4", "a")), over)
	s := server.stream("", client.WithMaxEventSize(1024))
	next(t, s)
	for _, id := range []string{"2", "3"} {
		e := next(t, s)
		u, ok := e.Data.(*gen.UnknownEvent)
		if !ok || e.ID != id || e.Name != "content" || u.Name != "content" || s.Raw() != nil || u.Data != nil || !errors.Is(u.Err, sse.ErrEventTooLarge) {
			t.Errorf("%+v, data %+v", e, e.Data)
		}
		var too *sse.EventTooLargeError
		if !errors.As(u.Err, &too) || too.Limit != 1024 {
			t.Errorf("error: %#v", u.Err)
		}
	}
	wantNames(t, s, "content 4")
	wantIDs(t, server, "-", "4")

	strict := serve(t, hold(connected("1")+large)).stream("", client.WithMaxEventSize(1024), client.WithStrict())
	wantNames(t, strict, "connected 1")
	if err := strict.Err(); !errors.Is(err, client.ErrUnknownEvent) || !errors.Is(err, sse.ErrEventTooLarge) {
		t.Errorf("strict: %v", err)
	}
}

func TestTooLargeEventIsFirst(t *testing.T) {
	large := block("connected", "2", strings.Repeat("x", 2000))
	s := serve(t, send(large), over).stream("", client.WithMaxEventSize(1024))
	wantNames(t, s, "connected 2")
}

func TestTooLargeFromSource(t *testing.T) {
	source := serve(t, send(content("2", strings.Repeat("x", 2000))+"data: a\n\n"), over).source("", client.WithMaxEventSize(1024))
	e, err := source.Next()
	if !errors.Is(err, sse.ErrEventTooLarge) || e.Name != "content" || string(e.ID) != "2" || e.Data != nil {
		t.Errorf("%+v, %v", e, err)
	}
	if e, err := source.Next(); err != nil || string(e.Data) != "a" || string(e.ID) != "2" {
		t.Errorf("%+v, %v", e, err)
	}
}

func TestWithJSON(t *testing.T) {
	failed := errors.New("not today")
	calls := 0
	unmarshal := func(data []byte, v any) error {
		if calls++; calls == 2 {
			return failed
		}
		return json.Unmarshal(data, v)
	}
	server := serve(t, send(connected("1")+content("2", "a")+content("3", "b")+block("other", "4", "{}")), over)
	s := server.stream("", client.WithJSON(unmarshal))
	next(t, s)
	if u, ok := next(t, s).Data.(*gen.UnknownEvent); !ok || !errors.Is(u.Err, failed) {
		t.Errorf("failed decoding: %+v", u)
	}
	wantNames(t, s, "content 3", "other 4")
	if calls != 3 {
		t.Errorf("%d calls, want 3", calls)
	}
	wantNames(t, serve(t, send(connected("1")), over).stream("", client.WithJSON(nil)), "connected 1")
}
