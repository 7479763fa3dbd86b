package client_test

import (
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/gen"
)

// jsonRules are texts on which JSON packages differ, with what a stream makes of them.
var jsonRules = []struct {
	rule, event, data string
	want              gen.Event // nil: an UnknownEvent
	reason            string    // of the UnknownEvent
}{
	{"a name in another case is another name", "content", `{"content":"a","CONTENT":"b"}`, &gen.ContentData{Content: "a"}, ""},
	{"it sets no field either", "content", `{"Content":"b"}`, &gen.ContentData{}, ""},
	{"nor fails", "content", `{"content":"a","Content":1}`, &gen.ContentData{Content: "a"}, ""},
	{"a name with escapes", "content", `{"cont\u0065nt":"a"}`, &gen.ContentData{Content: "a"}, ""},
	{"the last of two members wins", "content", `{"content":"a","content":"b"}`, &gen.ContentData{Content: "b"}, ""},
	{"of which one has escapes", "content", `{"content":"a","\u0063ontent":"b"}`, &gen.ContentData{Content: "b"}, ""},
	{"it wins as a whole: a map", "permission", `{"params":{"a":1},"params":{"b":2}}`, &gen.PermissionData{Params: map[string]any{"b": json.Number("2")}}, ""},
	{"a list", "notification", `{"choices":["a","b"],"choices":["c"]}`, &gen.NotificationData{Choices: []string{"c"}}, ""},
	{"a null", "notification", `{"title":"a","choices":["a"],"title":null,"choices":null}`, &gen.NotificationData{}, ""},
	{"an integer may have a fraction of zero", "notification", `{"createdAt":1.0}`, &gen.NotificationData{CreatedAt: 1}, ""},
	{"and an exponent", "notification", `{"createdAt":1e2,"timeout":1500e-2}`, &gen.NotificationData{CreatedAt: 100, Timeout: 15}, ""},
	{"-0 is 0", "notification", `{"createdAt":-0,"timeout":-0.0}`, &gen.NotificationData{}, ""},
	{"no digit is lost", "notification", `{"createdAt":9007199254740993}`, &gen.NotificationData{CreatedAt: 9007199254740993}, ""},
	{"no fraction", "notification", `{"createdAt":1.5}`, nil, `data/createdAt: must be of type integer (int64), not number 1.5`},
	{"no more than its Go type holds", "notification", `{"createdAt":9223372036854775808}`, nil, `data/createdAt: must be of type integer (int64), not number 9223372036854775808`},
	{"a free-form number keeps its digits", "permission", `{"params":{"a":1234567890123456789,"b":[1.50,-0,1e400]}}`, &gen.PermissionData{Params: map[string]any{
		"a": json.Number("1234567890123456789"), "b": []any{json.Number("1.50"), json.Number("-0"), json.Number("1e400")}}}, ""},
	{"a line separator, as it stands", "content", "{\"content\":\"a\u2028b\u2029\"}", &gen.ContentData{Content: "a\u2028b\u2029"}, ""},
	{"and escaped", "content", `{"content":"a\u2028b\u2029"}`, &gen.ContentData{Content: "a\u2028b\u2029"}, ""},
	{"a lone surrogate is replaced", "content", `{"content":"a\ud800b"}`, &gen.ContentData{Content: "a\ufffdb"}, ""},
	{"the second one too", "content", `{"content":"\udc00\ud800"}`, &gen.ContentData{Content: "\ufffd\ufffd"}, ""},
	{"a pair is one character", "content", `{"content":"\ud83d\ude00"}`, &gen.ContentData{Content: "\U0001f600"}, ""},
	{"invalid UTF-8 is replaced", "content", "{\"content\":\"a\xffb\"}", &gen.ContentData{Content: "a\ufffdb"}, ""},
	{"NUL is a character", "content", `{"content":"a\u0000b"}`, &gen.ContentData{Content: "a\x00b"}, ""},
	{"a control character needs an escape", "content", "{\"content\":\"a\tb\"}", nil, "invalid character '\\t' in string literal"},
	{"null is the zero value", "content", `{"content":null,"assistantMessageId":null}`, &gen.ContentData{}, ""},
	{"null is an object without members", "content", `null`, &gen.ContentData{}, ""},
	{"an unknown member is passed over", "content", `{"later":{"a":[1,{"b":"c"}]},"content":"a"}`, &gen.ContentData{Content: "a"}, ""},
	{"another type", "content", `{"content":1}`, nil, "data/content: must be of type string, not number"},
	{"deep", "content", `{"later":` + nested(9_999) + `,"content":"a"}`, &gen.ContentData{Content: "a"}, ""},
	{"too deep", "content", `{"later":` + nested(10_000) + `,"content":"a"}`, nil, "must not be nested deeper than 10000 levels"},
	{"something follows", "content", `{"content":"a"} x`, nil, "invalid character 'x' after top-level value"},
	{"it ends too early", "content", `{"content":"a"`, nil, "unexpected end of JSON input"},
}

// nested returns arrays in arrays.
func nested(depth int) string {
	return strings.Repeat("[", depth) + strings.Repeat("]", depth)
}

// readJSON returns what a stream over a socket makes of the data of jsonRules.
func readJSON(t *testing.T, opts ...client.Option) []gen.Event {
	t.Helper()
	text := connected("1")
	for i, rule := range jsonRules {
		text += block(rule.event, strconv.Itoa(i+2), rule.data)
	}
	s := serve(t, send(text), over).stream("", opts...)
	next(t, s)
	var got []gen.Event
	for s.Next() {
		got = append(got, s.Event().Data)
	}
	if s.Err() != nil || len(got) != len(jsonRules) {
		t.Fatalf("%d events of %d, error %v", len(got), len(jsonRules), s.Err())
	}
	return got
}

func TestJSONRules(t *testing.T) {
	got := readJSON(t)
	for i, rule := range jsonRules {
		unknown, isUnknown := got[i].(*gen.UnknownEvent)
		switch {
		case rule.want != nil && !reflect.DeepEqual(got[i], rule.want):
			t.Errorf("%s: %.80s: got %+v, want %+v", rule.rule, rule.data, got[i], rule.want)
		case rule.want == nil && (!isUnknown || unknown.Name != rule.event || string(unknown.Data) != rule.data):
			t.Errorf("%s: %.80s: got %+v", rule.rule, rule.data, got[i])
		case rule.want == nil:
			invalid, ok := unknown.Err.(*contract.InvalidEventError) //nolint:errorlint // it is not wrapped
			if !ok || invalid.Event != rule.event || !strings.Contains(invalid.Error(), rule.reason) {
				t.Errorf("%s: %.80s: error %v, want %s", rule.rule, rule.data, unknown.Err, rule.reason)
			}
		}
	}
}

// With WithJSON the rules are those of the function.
func TestJSONRulesOfWithJSON(t *testing.T) {
	for i, got := range readJSON(t, client.WithJSON(json.Unmarshal)) {
		rule := jsonRules[i]
		want := gen.StreamEvents.Events.DecodeFunc(rule.event, []byte(strings.ToValidUTF8(rule.data, "\ufffd")), json.Unmarshal)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %.80s: got %+v, want %+v", rule.rule, rule.data, got, want)
		}
		if data, ok := got.(*gen.ContentData); i == 0 && (!ok || data.Content != "b") {
			t.Errorf("encoding/json reads %+v of %s", got, rule.data)
		}
	}
}

// A function of WithJSON can keep the digits of free-form numbers.
func TestWithJSONUseNumber(t *testing.T) {
	useNumber := func(data []byte, v any) error {
		d := json.NewDecoder(strings.NewReader(string(data)))
		d.UseNumber()
		return d.Decode(v)
	}
	s := serve(t, send(connected("1")+block("permission", "2", `{"params":{"a":1234567890123456789}}`)), over).stream("", client.WithJSON(useNumber))
	next(t, s)
	if data, ok := next(t, s).Data.(*gen.PermissionData); !ok || data.Params["a"] != json.Number("1234567890123456789") {
		t.Errorf("got %+v", data)
	}
}
