package server_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
)

// with returns good data with some of its members replaced, added or, where the value is empty,
// removed.
func with(t *testing.T, data string, members ...string) string {
	t.Helper()
	all := map[string]json.RawMessage{}
	if err := json.Unmarshal([]byte(data), &all); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(members); i += 2 {
		if all[members[i]] = json.RawMessage(members[i+1]); members[i+1] == "" {
			delete(all, members[i])
		}
	}
	b, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

const (
	goodContent      = `{"type":"content","content":"a"}`
	goodNotification = `{"type":"notification","id":"n","sessionId":"s","title":"t","message":"m","createdAt":1,"timeout":0,"notificationType":"info","responseType":"text"}`
	goodPermission   = `{"type":"permission","id":"p","sessionId":"s","action":"a","description":"d","toolName":"Bash"}`
)

// toolNames is what a schema says of any other name of a tool.
const toolNames = "must be one of Bash, ReadText, Glob, ReadMedia, Grep, Write, Edit, Search, TodoWrite, ExitPlanMode, Show, Task, or must match ^[a-zA-Z0-9_]+_[a-zA-Z0-9_]+$"

// Publish, PublishJSON, one event over HTTP and a line over HTTP take the same events, and refuse
// the others with the same words.
func TestPublishHasOneCheck(t *testing.T) {
	srv := servertest.NewServer(t, everyonePublishes)
	deep := strings.Repeat("[", 10_001) + strings.Repeat("]", 10_001)
	for _, test := range []struct {
		name, data string
		typed      bool   // a Go value has the same JSON, so that Publish is asked as well
		want       string // empty: published
	}{
		{"content", goodContent, true, ""},
		{"content", `{"content":"<b>&\u2028é😀\u0000\ud83d\ude00","type":"content","assistantMessageId":"m"}`, true, ""},
		{"content", " {\r\n\t\"type\": \"content\", \"content\": \"a  \\\" b\\\\\" }\n", true, ""},
		{"content", `{"type":"content","content":"a","assistantMessageId":null}`, false, `"content": data/assistantMessageId: must be of type string, not null`},
		{"content", `{"type":"content","content":"a","CONTENT":"b","more":{"a":[1,2.50,null]}}`, false, ""},
		{"content", `{"type":"content","cont\u0065nt":"a"}`, true, ""},
		{"complete", `{"type":"complete","done":true,"reasoningDuration":9223372036854775807}`, true, ""},
		{"error", `{"error":"e"}`, true, ""},
		{"error", `{"error":"e","attempt":1.0,"maxAttempts":1e2}`, true, ""},
		{"notification", goodNotification, true, ""},
		{"permission", goodPermission, true, ""},
		{"permission", with(t, goodPermission, "params", `{"n":1234567890123456789,"x":1.50,"y":[[]]}`), true, ""},
		{"permission", with(t, goodPermission, "toolName", `"a_tool"`), true, ""},

		{"content", ``, false, `"content": data: unexpected end of JSON input`},
		{"content", `{"type":"content"`, false, `"content": data: unexpected end of JSON input`},
		{"content", `null`, false, `"content": data: must be of type object, not null`},
		{"content", `[]`, false, `"content": data: must be of type object, not array`},
		{"content", `"text"`, false, `"content": data: must be of type object, not string`},
		{"content", `1`, false, `"content": data: must be of type object, not number`},
		{"content", `{"type":"content"}`, false, `"content": data: "content" is required`},
		{"content", `{"content":"a"}`, false, `"content": data: "type" is required`},
		{"content", `{"type":"content","Content":"a"}`, false, `"content": data: "content" is required`},
		{"content", `{"type":"content","content":1}`, false, `"content": data/content: must be of type string, not number`},
		{"content", `{"type":"content","content":"a","content":"b"}`, false, `"content": data: the member "content" must come only once`},
		{"content", `{"type":"content","content":"a","cont\u0065nt":"b"}`, false, `"content": data: the member "content" must come only once`},
		{"content", `{"type":"content","content":"a","more":{"a":[{"b":1,"b":1}]}}`, false, `"content": data/more/a/0: the member "b" must come only once`},
		{"content", "{\"type\":\"content\",\"content\":\"\xff\"}", false, `"content": data/content: must be valid UTF-8`},
		{"content", "{\"type\":\"content\",\"content\":\"a\",\"\xff\":1}", false, `"content": data: the name of a member must be valid UTF-8`},
		{"content", `{"type":"content","content":"\ud800"}`, false, `"content": data/content: must not have a lone surrogate`},
		{"content", `{"type":"content","content":"a","more":` + deep + `}`, false, `"content": data: must not be nested deeper than 10000 levels`},
		{"complete", `{"type":"complete","done":"yes"}`, false, `"complete": data/done: must be of type boolean, not string`},
		{"complete", `{"type":"complete","done":true,"reasoningDuration":9223372036854775808}`, false, `"complete": data/reasoningDuration: must be of type integer (int64), not number 9223372036854775808`},
		{"error", `{"error":"e","attempt":1.5}`, false, `"error": data/attempt: must be of type integer, not number`},
		{"error", `{"error":"e","attempt":1e400}`, false, `"error": data/attempt: must be of type integer (int), not number 1e400`},
		{"notification", with(t, goodNotification, "notificationType", `"bogus"`), true, `"notification": data/notificationType: must be one of info, warning, error, question`},
		{"notification", with(t, goodNotification, "responseType", `""`), true, `"notification": data/responseType: must be one of acknowledge, text, choice`},
		{"notification", with(t, goodNotification, "choices", `["a",1]`), false, `"notification": data/choices/1: must be of type string, not number`},
		{"notification", with(t, goodNotification, "timeout", ``), false, `"notification": data: "timeout" is required`},
		{"permission", with(t, goodPermission, "toolName", `"a tool"`), true, `"permission": data/toolName: ` + toolNames},
		{"permission", with(t, goodPermission, "toolName", `""`), true, `"permission": data/toolName: ` + toolNames},
		{"permission", with(t, goodPermission, "params", `[]`), false, `"permission": data/params: must be of type object, not array`},
		{"permission", strings.Replace(goodPermission, "{", `{"params":{"a":1,"a":2},`, 1), false, `"permission": data/params: the member "a" must come only once`},
		{"tool_use_start", `{"type":"tool_use_start","id":"1","name":"bash"}`, true, `"tool_use_start": data/name: ` + toolNames},

		{"rate_limit_error", `{}`, false, `"rate_limit_error": not an event of the spec`},
		{"Content", goodContent, false, `"Content": not an event of the spec`},
		{"heartbeat", `{"type":"heartbeat"}`, true, `"heartbeat": only the server may send this event`},
		{"session_deleted", `{`, false, `"session_deleted": only the server may send this event`},
		{"error", `{"error":"e","type":"replay_gap"}`, true, `"error": only the server may send this event`},
		{"error", `{"type":"replay_gap"}`, false, `"error": only the server may send this event`},
	} {
		verdicts := publishAll(t, srv, test.name, test.data)
		if _, asked := verdicts["Publish"]; asked != test.typed {
			t.Errorf("%s %.100s: Publish is asked: %v, want %v", test.name, test.data, asked, test.typed)
		}
		for way, verdict := range verdicts {
			if !strings.HasPrefix(verdict, test.want) || test.want == "" && verdict != "" {
				t.Errorf("%s %.100s\n%s: %q\nwant %q", test.name, test.data, way, verdict, test.want)
			}
		}
	}
}

// WithoutEventChecks turns off the schema, and nothing else, for each way to publish.
func TestPublishWithoutEventChecks(t *testing.T) {
	srv := servertest.NewServer(t, everyonePublishes, server.WithoutEventChecks())
	for _, test := range []struct{ name, data, want string }{
		{"content", `{}`, ""},
		{"notification", with(t, goodNotification, "notificationType", `"bogus"`), ""},
		{"permission", `{"toolName":"a tool of tomorrow"}`, ""},
		{"content", `null`, `"content": data: must be of type object, not null`},
		{"content", `[]`, `"content": data: must be of type object, not array`},
		{"content", `{"content":1}`, `"content": data/content: must be of type string, not number`},
		{"content", `{"content":"a","content":"b"}`, `"content": data: the member "content" must come only once`},
		{"content", "{\"content\":\"\xff\"}", `"content": data/content: must be valid UTF-8`},
		{"error", `{"attempt":1.5}`, `"error": data/attempt: must be of type integer (int), not number 1.5`},
		{"error", `{"type":"replay_gap"}`, `"error": only the server may send this event`},
	} {
		for way, verdict := range publishAll(t, srv, test.name, test.data) {
			if verdict != test.want {
				t.Errorf("%s %s\n%s: %q\nwant %q", test.name, test.data, way, verdict, test.want)
			}
		}
	}
}

// publishAll publishes an event in each way, and returns the errors without the words that the way
// puts before them. Publish is asked if a Go value has the same JSON.
func publishAll(t *testing.T, srv *mix.Server, name, data string) map[string]string {
	t.Helper()
	verdicts := map[string]string{}
	if event := typed(name, data); event != nil {
		_, err := srv.Publish(t.Context(), "s", event)
		verdicts["Publish"] = textOf(err)
	}
	_, err := srv.PublishJSON(t.Context(), "s", name, []byte(data))
	verdicts["PublishJSON"] = textOf(err)
	var whole any
	if json.Unmarshal([]byte(data), &whole) != nil {
		return verdicts // over HTTP, it is no event at all
	}
	body := `{"event":"` + name + `","data":` + strings.NewReplacer("\r", "", "\n", "").Replace(data) + "}"
	for _, mediaType := range []string{jsonType, ndjsonType} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(body))
		r.Header.Set("Content-Type", mediaType)
		w := httptest.NewRecorder()
		srv.ServePublish(w, r, "s")
		var answer gen.PublishError
		if w.Code != http.StatusCreated {
			if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
				t.Fatal(err)
			}
		}
		verdicts[mediaType] = strings.TrimPrefix(answer.Error.Message, "line 1: ")
	}
	return verdicts
}

// typed returns the event with this JSON; nil if the Go type of the event cannot hold it.
func typed(name, data string) gen.Event {
	if gen.StreamEvents.CheckType(name, []byte(data)) != nil {
		return nil
	}
	event := gen.StreamEvents.Decode(name, []byte(data))
	_, encoded, err := gen.StreamEvents.Encode(event)
	var want, got any
	if err != nil || json.Unmarshal([]byte(data), &want) != nil || json.Unmarshal(encoded, &got) != nil || !reflect.DeepEqual(got, want) {
		return nil
	}
	return event
}

func textOf(err error) string {
	if err == nil {
		return ""
	}
	return strings.TrimPrefix(err.Error(), "server: publish ")
}

// Where the spec leaves names open, a name must still be one that a stream can carry.
func TestPublishChecksOpenNames(t *testing.T) {
	op, events := orderEvents, facts
	events.AnyName, events.Rules = true, nil
	op.Events = &events
	srv := newForeign(t, servertest.Detached, op)
	for name, want := range map[string]string{
		"anything":              "",
		"a\nid: 1":              `"a\nid: 1": not an event of the spec: a name must be one line of valid UTF-8`,
		"a\r":                   `"a\r": not an event of the spec: a name must be one line of valid UTF-8`,
		"\xff":                  `"\xff": not an event of the spec: a name must be one line of valid UTF-8`,
		"mixstream.session_end": `"mixstream.session_end": only the server may send this event`,
	} {
		if _, err := srv.PublishJSON(t.Context(), "7", name, []byte(`{"a": 1}`)); textOf(err) != want {
			t.Errorf("%q: got %v, want %s", name, err, want)
		}
	}
	if _, err := srv.PublishJSON(t.Context(), "7", "anything", []byte(`{"a":1,"a":1}`)); err == nil {
		t.Error("data is published that is not valid, where the contract has no rules")
	}
}

// A Go value can hold text that JSON cannot, and so can a title, which goes into the event that tells
// of a new session.
func TestPublishChecksText(t *testing.T) {
	srv := servertest.NewServer(t)
	_, err := srv.Publish(t.Context(), "s", servertest.Content("\xff"))
	wantMisfit(t, err, `"content": data/content: must be valid UTF-8`)
	_, err = srv.CreateSession(t.Context(), "titled", "\xff")
	if want := `server: create session: "session_created": data/title: must be valid UTF-8`; textOf(err) != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if _, err := srv.CreateSession(t.Context(), "titled", "a title"); err != nil {
		t.Error(err)
	}
}
