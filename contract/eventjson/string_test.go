package eventjson_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/contract/eventjson"
)

// read reads one value.
func read[T any](text string, value func(d *eventjson.Decoder) T) (T, error) {
	d := eventjson.NewDecoder([]byte(text))
	v := value(&d)
	return v, d.Finish()
}

func readString(d *eventjson.Decoder) string { return d.String() }

func TestStrings(t *testing.T) {
	for _, test := range []struct{ text, want, reason string }{
		{`""`, "", ""},
		{`"a"`, "a", ""},
		{" \t\r\n\"a\" \t\r\n", "a", ""},
		{`null`, "", ""},
		{`"\"\\\/\b\f\n\r\t"`, "\"\\/\b\f\n\r\t", ""},
		{`"\u0041\u00e9\u4F60"`, "Aé你", ""},
		{`"\u0000` + "\x7f" + `"`, "\x00\x7f", ""},
		{`"\u2028\u2029` + "\u2028" + `"`, "\u2028\u2029\u2028", ""},
		{`"\ud83d\ude00"`, "😀", ""},
		{`"\uD83D\uDE00"`, "😀", ""},
		{`"\ud83d"`, "\ufffd", ""},
		{`"\ude00\ud83d"`, "\ufffd\ufffd", ""},
		{`"\ud83d\u0041"`, "\ufffdA", ""},
		{`"\ud83d\n"`, "\ufffd\n", ""},
		{`"\ud83d\ud83d\ude00"`, "\ufffd😀", ""},
		{"\"\xff\xfe\"", "\ufffd\ufffd", ""},
		{"\"\xed\xa0\x80\"", "\ufffd\ufffd\ufffd", ""},
		{"\"\xe4\xbd\\n\"", "\ufffd\ufffd\n", ""},
		{`7`, "", "must be of type string, not number"},
		{`-0.5e3`, "", "must be of type string, not number"},
		{`true`, "", "must be of type string, not bool"},
		{`false`, "", "must be of type string, not bool"},
		{`{"a":[]}`, "", "must be of type string, not object"},
		{`[{}]`, "", "must be of type string, not array"},
		{``, "", "unexpected end of JSON input"},
		{`  `, "", "unexpected end of JSON input"},
		{`"`, "", "unexpected end of JSON input"},
		{`"\`, "", "unexpected end of JSON input"},
		{`"\u00`, "", "unexpected end of JSON input"},
		{`nul`, "", "unexpected end of JSON input"},
		{`nulL`, "", "invalid character 'L' in literal null (expecting 'l') (byte 4)"},
		{`tru`, "", "unexpected end of JSON input"},
		{`[1,]`, "", "invalid character ']' looking for beginning of value (byte 4)"},
		{`"\x"`, "", `invalid character 'x' in string escape code (byte 3)`},
		{`"\u00g0"`, "", `invalid character 'g' in \u hexadecimal character escape (byte 6)`},
		{"\"a\nb\"", "", `invalid character '\n' in string literal (byte 3)`},
		{"\"\x00\"", "", `invalid character '\x00' in string literal (byte 2)`},
		{"\x00", "", `invalid character '\x00' looking for beginning of value (byte 1)`},
		{`'a'`, "", `invalid character '\'' looking for beginning of value (byte 1)`},
		{"\ufeff\"a\"", "", `invalid character 'ï' looking for beginning of value (byte 1)`},
		{`"a"b`, "", `invalid character 'b' after top-level value (byte 4)`},
		{`"a" "b"`, "", `invalid character '"' after top-level value (byte 5)`},
	} {
		got, err := read(test.text, readString)
		if reason := reasonOf(err); reason != test.reason || err == nil && got != test.want {
			t.Errorf("%s: got %q, %s, want %q, %s", test.text, got, reason, test.want, test.reason)
		}
	}
}

func reasonOf(err error) string {
	if err == nil {
		return ""
	}
	return strings.TrimPrefix(err.Error(), "data: ")
}

// The scanner looks at several bytes at once, so what it looks for may stand at each place of
// a word and at each distance from both ends.
func TestStringsOfEveryLength(t *testing.T) {
	for _, part := range []string{"", "é", "你", "😀", `\n`, `\"`, `\u00e9`, `\ud83d\ude00`, `\ud83d`, "\xff", "\x7f", "\n", `"`, `\`, "\xe2\x80\xa8", "\xe2\x80", "\xa0", `\u00`} {
		for before := range 300 {
			if before > 70 && before < 230 {
				continue // only near the ends of what is handled at once
			}
			for _, after := range []int{0, 1, 3, 7, 8, 9, 31, 40} {
				text := `"` + strings.Repeat("x", before) + part + strings.Repeat("y", after) + `"`
				var want string
				refused := json.Unmarshal([]byte(text), &want)
				got, err := read(text, readString)
				if got != want && err == nil || (err == nil) != (refused == nil) {
					t.Fatalf("%s: got %q, %v, want %q, %v", text, got, err, want, refused)
				}
				if refused != nil {
					continue
				}
				written, err := write(func(e *eventjson.Encoder) { e.String(got) })
				if encoded, _ := encoded(got); err != nil || written != encoded {
					t.Fatalf("got %s, %v, want %s", written, err, encoded)
				}
			}
		}
	}
}

func TestConst(t *testing.T) {
	for text, want := range map[string]string{
		`"content"`:   "content",
		`"contents"`:  "contents",
		`""`:          "",
		`"\u0063o"`:   "co",
		"\"\xff\"":    "\ufffd",
		`null`:        "",
		`"\u0063ont"`: "cont",
	} {
		if got, err := read(text, func(d *eventjson.Decoder) string { return d.Const("content") }); err != nil || got != want {
			t.Errorf("%s: got %q, %v", text, got, err)
		}
	}
	if got, err := read(`7`, func(d *eventjson.Decoder) string { return d.Const("7") }); got != "" || reasonOf(err) != "must be of type string, not number" {
		t.Errorf("got %q, %v", got, err)
	}
	// A constant need not be one that stands in the text as it is.
	for _, special := range []string{`a"`, `a\`, "a\n", "\xff"} {
		text, _ := encoded(special)
		want := strings.ToValidUTF8(special, "\ufffd")
		if got, err := read(text, func(d *eventjson.Decoder) string { return d.Const(special) }); err != nil || got != want {
			t.Errorf("%s: got %q, %v", text, got, err)
		}
	}
}
