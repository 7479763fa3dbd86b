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
	`{"type":"b","x":1,"type":"a"}`:                    "a",
	`{"type":"b","type":1}`:                            "-",
	`{"type":1,"type":"a"}`:                            "a",
	`{"type":"a","x`:                                   "a",
}

func TestStringMember(t *testing.T) {
	for object, want := range members {
		for _, known := range []string{"", "a", "b"} {
			got := "-"
			if text, ok := client.StringMember([]byte(object), "type", known); ok {
				got = text
			}
			if got != want {
				t.Errorf("%s: %q, want %q", object, got, want)
			}
		}
	}
}

// FuzzStringMember compares with encoding/json, for all that is JSON to it.
func FuzzStringMember(f *testing.F) {
	for object := range members {
		f.Add(object)
	}
	f.Fuzz(func(t *testing.T, object string) {
		got, ok := client.StringMember([]byte(object), "type", "a")
		dec := json.NewDecoder(strings.NewReader(object))
		dec.UseNumber()                                               // float64 would refuse some
		if !json.Valid([]byte(object)) || !utf8.ValidString(object) { // the decoder of the stream repairs that
			return
		}
		var want any
		if first, _ := dec.Token(); first == json.Delim('{') {
			for dec.More() {
				key, err := dec.Token()
				if err != nil {
					t.Fatal(err)
				}
				var value any
				if err := dec.Decode(&value); err != nil {
					t.Fatal(err)
				}
				if key == "type" {
					want = value
				}
			}
		}
		if text, isString := want.(string); ok != isString || got != text {
			t.Errorf("%q: %q, want %v", object, got, want)
		}
	})
}

func BenchmarkStringMember(b *testing.B) {
	data := []byte(`{"type":"delta","sequence":17,"text":" token","item":{"id":"msg_0123456789"}}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := client.StringMember(data, "type", "delta"); !ok {
			b.Fatal("not found")
		}
	}
}
