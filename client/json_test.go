package client_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/sse"
)

// jsonTexts are data of events: objects, other values, bytes after them, and malformed JSON.
var jsonTexts = []string{
	`{}`, ` {}`, "{\n}", `{} `, "{}\n", `{}{}`, `{} {}`, `{}}`, `{}]}`, `{},{}`, `{`, `}`, ``, ` `,
	`null`, `null}`, `1`, `1}`, `"a"`, `"}`, `[]`, `[{}`, `[{}]`, `tru}`, "\ufeff{}",
	`{"content":"a","assistantMessageId":"m","type":"content"}`,
	`{"content":"b","content":"c"}`, `{"CONTENT":"d"}`, `{"content":null}`, `{"content":"e"} x}`,
	`{"content":"\u00e9\ud800\n"}`, "{\"content\":\"\xff\"}", "{\"content\":\"\t\"}", `{"content":"f}`,
	`{"content":1}`, `{"content":1,"type":"content"}`, `{"content":{"a":1}}`, `{"content":"g",}`, `{"content"}`,
	`{"later":{"a":[1,{"b":"c"}]},"content":"h"}`,
	`{"params":{"a":[1,{"b":"c"}],"d":null},"path":"p"}`, `{"params":[]}`, `{"params":{"a":1e999}}`,
	`{"choices":["y","n"],"createdAt":7}`, `{"choices":["y",2]}`, `{"createdAt":7.5}`,
	strings.Repeat(`{"a":`, 600) + `1` + strings.Repeat(`}`, 600),
	strings.Repeat(`{"a":`, 20000) + `1` + strings.Repeat(`}`, 20000),
	contentOf(500), contentOf(4095), contentOf(4096), contentOf(4097), contentOf(100_000),
}

// contentOf returns an object of n bytes.
func contentOf(n int) string {
	const empty = `{"content":""}`
	return empty[:len(empty)-2] + strings.Repeat("x", n-len(empty)) + empty[len(empty)-2:]
}

// checkJSON reads a stream of events with the texts as data. Once all have been read,
// each must be what json.Unmarshal makes of its data, the error included.
func checkJSON(t *testing.T, texts []string) {
	t.Helper()
	var stream []byte
	stream = append(stream, connected("1")...)
	var err error
	for _, text := range texts {
		for _, name := range []string{"content", "permission", "notification"} {
			if stream, err = sse.Append(stream, sse.Event{Name: name, ID: []byte("2"), Data: []byte(text)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	// A fuzzer would use up sockets.
	s, err := fake(streams(string(stream), 0, io.EOF), status(http.StatusNoContent)).open(t, client.WithRetryPolicy(fast))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	next(t, s)
	var got, want []gen.Event
	for s.Next() {
		got = append(got, s.Event().Data)
		want = append(want, gen.StreamEvents.Decode(s.Event().Name, bytes.Clone(s.Raw())))
	}
	if s.Err() != nil || len(got) != 3*len(texts) {
		t.Fatalf("%d events of %d, error %v", len(got), 3*len(texts), s.Err())
	}
	for i := range got {
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Errorf("%.80q after %.80q:\n got %.200v\nwant %.200v", texts[i/3], texts[max(i/3-1, 0)], got[i], want[i])
		}
	}
}

// TestJSONIsUnmarshal decodes each text after each other one.
func TestJSONIsUnmarshal(t *testing.T) {
	for _, first := range jsonTexts {
		var texts []string
		for _, second := range jsonTexts {
			if len(first)+len(second) < 100_000 {
				texts = append(texts, first, second)
			}
		}
		checkJSON(t, texts)
	}
}

// FuzzJSONIsUnmarshal decodes any three texts in a row. A CR would end the line of the data.
func FuzzJSONIsUnmarshal(f *testing.F) {
	for i, text := range jsonTexts {
		f.Add(text, jsonTexts[(i+1)%len(jsonTexts)], jsonTexts[(i+7)%len(jsonTexts)])
	}
	f.Fuzz(func(t *testing.T, first, second, third string) {
		if strings.Contains(first+second+third, "\r") {
			t.Skip()
		}
		checkJSON(t, []string{first, second, third})
	})
}

// TestJSONAllocations counts the data, its three strings and the pointer to one. Events that
// fail come before: in the middle of the object, and after its end.
func TestJSONAllocations(t *testing.T) {
	in := newTokens()
	in.rest = block("content", "1", `{]}`) + block("content", "2", `{}{}`)
	c, err := mix.NewClient("http://memory", client.WithHTTPClient(&http.Client{Transport: in}))
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.StreamEvents(context.Background(), session, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	next(t, s)
	next(t, s)
	if n := testing.AllocsPerRun(1000, func() { s.Next() }); n > 5 {
		t.Errorf("%v allocations for an event, want 5 at most", n)
	}
}
