package eventjson_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/contract/eventjson"
)

// maxDepth is the limit of encoding/json, too.
const maxDepth = 10_000

func TestDepth(t *testing.T) {
	for name, nested := range map[string]struct {
		text    func(depth int) string
		descend func(d *eventjson.Decoder)
	}{
		"arrays": {
			func(depth int) string { return strings.Repeat(`[`, depth) + strings.Repeat(`]`, depth) },
			readArrays,
		},
		"objects": {
			func(depth int) string {
				return strings.Repeat(`{"":`, depth-1) + "{}" + strings.Repeat(`}`, depth-1)
			},
			readObjects,
		},
	} {
		deep, tooDeep := nested.text(maxDepth), nested.text(maxDepth+1)
		if !json.Valid([]byte(deep)) || json.Valid([]byte(tooDeep)) {
			t.Fatal("encoding/json has another limit")
		}
		for method, reads := range map[string]func(d *eventjson.Decoder){
			"Skip":  (*eventjson.Decoder).Skip,
			"Raw":   func(d *eventjson.Decoder) { d.Raw() },
			"Any":   func(d *eventjson.Decoder) { d.Any() },
			"JSON":  func(d *eventjson.Decoder) { d.JSON(new(json.RawMessage)) },
			"steps": nested.descend,
		} {
			for text, want := range map[string]string{deep: "", tooDeep: "must not be nested deeper than 10000 levels (byte "} {
				d := eventjson.NewDecoder([]byte(text))
				reads(&d)
				if got := reasonOf(d.Finish()); got != want && (want == "" || !strings.HasPrefix(got, want)) {
					t.Errorf("%s of %s: got %.100s, want %s", method, name, got, want)
				}
			}
		}
		value, _ := read(deep, (*eventjson.Decoder).Any)
		for method, writes := range map[string]func(e *eventjson.Encoder){
			"Any":  func(e *eventjson.Encoder) { e.Any(value) },
			"Raw":  func(e *eventjson.Encoder) { e.Raw([]byte(deep)) },
			"JSON": func(e *eventjson.Encoder) { e.JSON(value) },
			"type": func(e *eventjson.Encoder) { e.JSON(method{deep}) },
		} {
			if got, err := write(writes); err != nil || got != deep {
				t.Errorf("%s of %s: got %.100s, %v", method, name, got, err)
			}
			_, err := write(func(e *eventjson.Encoder) {
				e.Array()
				writes(e)
				e.EndArray()
			})
			if err == nil || !strings.HasSuffix(err.Error(), ": must not be nested deeper than 10000 levels") {
				t.Errorf("%s of %s: got %.1000v", method, name, err)
			}
		}
	}
}

func readArrays(d *eventjson.Decoder) {
	for ok := d.Array(); ok; ok = d.NextItem() {
		readArrays(d)
	}
}

func readObjects(d *eventjson.Decoder) {
	for ok := d.Object(); ok; ok = d.NextMember() {
		readObjects(d)
	}
}
