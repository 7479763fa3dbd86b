package docs_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
	"github.com/mixstream/mixstream/streamtest"
)

// notification returns the data of a notification with the members.
func notification(members string) string {
	return `{"type":"notification","id":"n1","message":"","notificationType":"question","responseType":"choice","sessionId":"s1","title":"",` + members + `}`
}

// readNotification is what notification decodes to.
func readNotification(createdAt, timeout int64) *gen.NotificationData {
	return &gen.NotificationData{Type: "notification", ID: "n1", NotificationType: "question", ResponseType: "choice", SessionID: "s1", CreatedAt: createdAt, Timeout: timeout}
}

func readContent(text string) *gen.ContentData {
	return &gen.ContentData{Type: "content", Content: text}
}

// jsonRead are the rows of the first table of json.md: an event, and what is read of it. A
// nil event stands for refused.
var jsonRead = map[string][]struct {
	event, data string
	read        gen.Event
}{
	"a name in another case: `Content` for `content`": {
		{"content", `{"type":"content","content":"a","Content":1}`, readContent("a")},
	},
	"a name with escapes: `cont\\u0065nt`": {
		{"content", `{"type":"content","cont\u0065nt":"a"}`, readContent("a")},
	},
	"a member that comes twice, at any depth": {
		{"content", `{"type":"content","content":"a","content":"b"}`, readContent("b")},
		{"content", `{"type":"content","content":"b","x":[{"y":1,"\u0079":2}]}`, readContent("b")},
	},
	"a member that the schema does not name": {
		{"content", `{"type":"content","content":"a","later":[{}]}`, readContent("a")},
	},
	"`1.0` or `1e2` for an integer": {
		{"notification", notification(`"createdAt":1.0,"timeout":1e2`), readNotification(1, 100)},
	},
	"`-0` for an integer": {
		{"notification", notification(`"createdAt":-0,"timeout":1`), readNotification(0, 1)},
	},
	"`1.5` for an integer": {
		{"notification", notification(`"createdAt":1.5,"timeout":1`), nil},
	},
	"an integer beyond its Go type": {
		{"notification", notification(`"createdAt":9223372036854775808,"timeout":1`), nil},
	},
	"any number in a free-form value": {
		{"permission", `{"type":"permission","action":"","description":"","id":"q1","sessionId":"s1","toolName":"Bash","params":{"a":1234567890123456789,"b":1e400}}`,
			&gen.PermissionData{Type: "permission", ID: "q1", SessionID: "s1", ToolName: "Bash", Params: map[string]any{"a": json.Number("1234567890123456789"), "b": json.Number("1e400")}}},
	},
	"`null` for a member": {
		{"content", `{"type":"content","content":null}`, readContent("")},
		{"content", `{"type":"content","content":"a","assistantMessageId":null}`, readContent("a")},
	},
	"U+2028 and U+2029, escaped or not": {
		{"content", "{\"type\":\"content\",\"content\":\"\u2028\\u2029\"}", readContent("\u2028\u2029")},
	},
	"a lone surrogate, such as `\\ud800`": {
		{"content", `{"type":"content","content":"a\ud800"}`, readContent("a\ufffd")},
	},
	"text that is not UTF-8": {
		{"content", "{\"type\":\"content\",\"content\":\"a\xff\"}", readContent("a\ufffd")},
	},
	"NUL, as `\\u0000`": {
		{"content", `{"type":"content","content":"a\u0000"}`, readContent("a\x00")},
	},
	"a control character without an escape": {
		{"content", "{\"type\":\"content\",\"content\":\"\t\"}", nil},
	},
	"more than 10,000 levels": {
		{"content", `{"type":"content","content":"a","x":` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + `}`, nil},
	},
	"a text that ends too early, or goes on behind its end": {
		{"content", `{"type":"content","content":"a"`, nil},
		{"content", `{"type":"content","content":"a"}}`, nil},
	},
}

// jsonWritten are the rows of the second table: a Go value, and what its JSON contains, or the
// error.
var jsonWritten = map[string]struct {
	event     gen.Event
	want      string
	elsewhere [2]string // the folder and the name of a test, of what the contract lacks
}{
	"`<`, `>` and `&`":                        {event: readContent("<>&"), want: `"content":"<>&"`},
	"U+2028 and U+2029":                       {event: readContent("\u2028\u2029"), want: `"content":"\u2028\u2029"`},
	"an optional member that is nil":          {event: readContent("a"), want: `{"content":"a","type":"content"}`},
	"the names of a map":                      {event: &gen.PermissionData{Params: map[string]any{"b": 1, "a": 2, "A": 3}}, want: `"params":{"A":3,"a":2,"b":1}`},
	"a `json.Number`":                         {event: &gen.PermissionData{Params: map[string]any{"a": json.Number("1.50")}}, want: `"params":{"a":1.50}`},
	"a string that is not UTF-8":              {event: readContent("\xff"), want: "must be valid UTF-8"},
	"NaN and infinities":                      {event: &gen.PermissionData{Params: map[string]any{"a": math.NaN()}}, want: "unsupported value"},
	"a constant":                              {elsewhere: [2]string{"internal/frameworks", "TestJSONConstant"}},
	"a nil slice or map of a required member": {elsewhere: [2]string{"internal/frameworks", "TestJSONNilList"}},
}

// jsonServer takes events from everyone.
func jsonServer(opts ...server.Option) (*mix.Server, error) {
	return mix.NewServer(append(opts, server.WithPublishAuthorizer(func(*http.Request, string) error { return nil }))...)
}

// postEvent publishes an event over HTTP. It returns why it was refused, or an empty text.
func postEvent(t *testing.T, ts *httptest.Server, event, data string) string {
	t.Helper()
	body := fmt.Sprintf(`{"event":%q,"data":%s}`, event, data)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, ts.URL+"/stream?sessionId=s1", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	res, err := ts.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusCreated {
		return ""
	}
	var answer gen.ErrorResponse
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(answer.Error.Message, "line 1: ")
}

// Each row of the first table of json.md holds, from Go and over HTTP, with the same error.
// Without the schema they hold as well, but for the one that names the schema.
func TestJSONPublishedAndRead(t *testing.T) {
	rows := tableBelow(t, readPage(t, "json.md"), "Published and read")
	if len(rows) != len(jsonRead) {
		t.Errorf("%d rows, and %d are tested", len(rows), len(jsonRead))
	}
	for _, opts := range [][]server.Option{nil, {server.WithoutEventChecks()}} {
		srv, err := jsonServer(opts...)
		if err != nil {
			t.Fatal(err)
		}
		ts := httptest.NewServer(srv)
		t.Cleanup(ts.Close)
		for _, row := range rows {
			if len(jsonRead[row[0]]) == 0 {
				t.Errorf("nothing tests the row %q", row[0])
			}
			refused := strings.HasPrefix(row[1], "refused") && (opts == nil || !strings.Contains(row[1], "schema"))
			for _, c := range jsonRead[row[0]] {
				_, err := srv.PublishJSON(t.Context(), "s1", c.event, []byte(c.data))
				answer := postEvent(t, ts, c.event, c.data)
				if (err != nil) != refused || (answer != "") != refused {
					t.Errorf("%s: PublishJSON returns %v, and the answer over HTTP is %q", row[0], err, answer)
				}
				invalid, ok := errors.AsType[*contract.InvalidEventError](err)
				if ofBody := !strings.HasPrefix(answer, `"`+c.event+`"`); err != nil && (!ok || !ofBody && invalid.Error() != answer) {
					t.Errorf("%s: PublishJSON returns %v, and the answer over HTTP is %q", row[0], err, answer)
				}
			}
		}
	}
	for _, row := range rows {
		for _, c := range jsonRead[row[0]] {
			if refused := strings.HasPrefix(row[2], "refused"); refused != (c.read == nil) {
				t.Errorf("%s: the page says that it is read as %q", row[0], row[2])
			}
			got := gen.StreamEvents.Decode(c.event, []byte(c.data))
			if unknown, ok := got.(*gen.UnknownEvent); ok != (c.read == nil) || ok && unknown.Err == nil {
				t.Errorf("%s: read as %+v", row[0], got)
			} else if !ok && !reflect.DeepEqual(got, c.read) {
				t.Errorf("%s: read as %+v, want %+v", row[0], got, c.read)
			}
		}
	}
}

// Each row of the second table of json.md holds.
func TestJSONWritten(t *testing.T) {
	rows := tableBelow(t, readPage(t, "json.md"), "Written")
	if len(rows) != len(jsonWritten) {
		t.Errorf("%d rows, and %d are tested", len(rows), len(jsonWritten))
	}
	for _, row := range rows {
		c, ok := jsonWritten[row[0]]
		switch {
		case !ok:
			t.Errorf("nothing tests the row %q", row[0])
			continue
		case c.event == nil:
			if _, source := goFiles(t, c.elsewhere[0], true); !strings.Contains(source, "func "+c.elsewhere[1]+"(") {
				t.Errorf("%s: there is no %s in %s", row[0], c.elsewhere[1], c.elsewhere[0])
			}
			continue
		}
		_, data, err := gen.StreamEvents.Encode(c.event)
		if fails := strings.HasPrefix(row[1], "an error"); fails != (err != nil) || fails && !strings.Contains(err.Error(), c.want) || !strings.Contains(string(data), c.want) && !fails {
			t.Errorf("%s: %s, error %v, want %s", row[0], data, err, c.want)
		}
	}
}

func Example_refusedJSON() {
	ctx := context.Background()
	srv, err := jsonServer()
	if err != nil {
		panic(err)
	}
	_, err = srv.PublishJSON(ctx, "session-1", "content", []byte(`{"type":"content","content":1}`))
	var invalid *contract.InvalidEventError
	fmt.Println(errors.As(err, &invalid), invalid.Event, invalid.Path, invalid.Reason)
	// Output:
	// true content /content must be of type string, not number
}

func Example_withJSON() {
	ts := streamtest.NewServer(streamtest.Script{streamtest.Open(), streamtest.Send(
		streamtest.Block("content", "1", `{"type":"content","content":"a","CONTENT":"b"}`))})
	defer ts.Close()
	c, err := mix.NewClient(ts.URL, client.WithJSON(json.Unmarshal))
	if err != nil {
		panic(err)
	}
	stream, err := c.StreamEvents(context.Background(), "session-1", nil)
	if err != nil {
		panic(err)
	}
	defer stream.Close()
	fmt.Println(stream.Next(), stream.Event().Data.(*gen.ContentData).Content)
	// Output:
	// true b
}
