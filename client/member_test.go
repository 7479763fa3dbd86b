package client_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/mixstream/mixstream/client"
)

var members = map[string]string{ // what the member "type" of each is; "-": there is none
	`{"type":"a"}`: "a",
	`{ "x" : [1,{"type":"b"}] , "type" : "a" }`:     "a",
	`{"x":{"type":"b"},"y":"}\"","type":"a","z":1}`: "a",
	`{"x":-1.5e3,"y":null,"z":true,"type":"a"}`:     "a",
	`{"ty\u0070e":"\u0061\n"}`:                      "a\n",
	`{"type":""}`:                                   "",
	`{"type":"日本"}`:                                 "日本",
	`{"type":1}`:                                    "-",
	`{"type":null}`:                                 "-",
	`{"type":["a"]}`:                                "-",
	`{"Type":"a"}`:                                  "-",
	`{}`:                                            "-",
	`["type","a"]`:                                  "-",
	`"type"`:                                        "-",
	`{"type"`:                                       "-",
	`{"type":"a`:                                    "-",
	`{"type":"\x"}`:                                 "-",
	`{"x":"type:\\","type":"a"}`:                    "a",
	`[DONE]`:                                        "-",
	``:                                              "-",
	`{"x":[[[{"type":"b"}]]],"y":{"z":{}},"type":"a"}`: "a",
}

func TestStringMember(t *testing.T) {
	for object, want := range members {
		got := "-"
		if text := client.StringMember([]byte(object), "type"); text != nil {
			got = string(text)
		}
		if got != want {
			t.Errorf("%s: %q, want %q", object, got, want)
		}
	}
}

// FuzzStringMember compares with encoding/json, for all that is JSON to it.
func FuzzStringMember(f *testing.F) {
	for object := range members {
		f.Add(object)
	}
	f.Fuzz(func(t *testing.T, object string) {
		got := client.StringMember([]byte(object), "type")
		dec := json.NewDecoder(strings.NewReader(object))
		if !json.Valid([]byte(object)) || !utf8.ValidString(object) { // the decoder of the stream repairs that
			return
		}
		if first, _ := dec.Token(); first != json.Delim('{') {
			if got != nil {
				t.Errorf("%q: %q of what is no object", object, got)
			}
			return
		}
		for dec.More() {
			key, err := dec.Token()
			if err != nil {
				t.Fatal(err)
			}
			var value any
			if err := dec.Decode(&value); err != nil {
				t.Fatal(err)
			}
			if key != "type" {
				continue
			}
			if text, ok := value.(string); ok != (got != nil) || text != string(got) {
				t.Errorf("%q: %q, want %q", object, got, value)
			}
			return
		}
		if got != nil {
			t.Errorf("%q: %q, and there is none", object, got)
		}
	})
}

func BenchmarkStringMember(b *testing.B) {
	data := []byte(`{"type":"delta","sequence":17,"text":" token","item":{"id":"msg_0123456789"}}`)
	b.ReportAllocs()
	for b.Loop() {
		if client.StringMember(data, "type") == nil {
			b.Fatal("not found")
		}
	}
}
