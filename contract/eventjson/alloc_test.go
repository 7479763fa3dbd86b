package eventjson_test

import (
	"encoding/json"
	"testing"

	"github.com/mixstream/mixstream/contract/eventjson"
)

// A Decoder and an Encoder stay on the stack, and only what a value consists of is allocated.
func TestAllocations(t *testing.T) {
	var v *token
	buffer := make([]byte, 0, 1024)
	text := []byte(tokenText)
	numbers := []byte(` { "a" : [ 1 , -2.5e3 , 1e2 , true , null ] , "b" : { } } `)
	constant, escaped := []byte(`"content"`), []byte(`"\u00e9\n"`)
	own := new(length)
	raw := json.RawMessage(numbers)
	free := any(map[string]any{"a": []any{nil, true, "x", 1.5, 7, json.Number("1e400")}})
	for name, test := range map[string]struct {
		want float64
		run  func()
	}{
		"decode": {4, func() { // the struct, two strings and a pointer to one
			v = new(token)
			d := eventjson.NewDecoder(text)
			decodeToken(&d, v)
			if d.Finish() != nil {
				t.Error("an error")
			}
		}},
		"unescape": {1, func() {
			d := eventjson.NewDecoder(escaped)
			if d.String() != "é\n" || d.Finish() != nil {
				t.Error("an error")
			}
		}},
		"constant": {0, func() {
			d := eventjson.NewDecoder(constant)
			if d.Const("content") != "content" || d.Finish() != nil {
				t.Error("an error")
			}
		}},
		"skip": {0, func() {
			d := eventjson.NewDecoder(text)
			d.Skip()
			if d.Finish() != nil {
				t.Error("an error")
			}
		}},
		"numbers": {0, func() {
			d := eventjson.NewDecoder(numbers)
			for ok := d.Object(); ok; ok = d.NextMember() {
				if string(d.Name()) == "b" {
					d.Raw()
					continue
				}
				d.Array()
				d.Int(64)
				d.NextItem()
				d.Float(64)
				d.NextItem()
				d.Uint(8)
				for d.NextItem() {
					d.Bool()
				}
			}
			if d.Finish() != nil {
				t.Error("an error")
			}
		}},
		"methods": {0, func() {
			d := eventjson.NewDecoder(text)
			d.JSON(own)
			if d.Finish() != nil || *own != length(len(text)) {
				t.Error("an error")
			}
			e := eventjson.NewEncoder(buffer[:0])
			e.JSON(own)
			if _, err := e.Finish(); err != nil {
				t.Error(err)
			}
		}},
		"encode": {0, func() {
			e := eventjson.NewEncoder(buffer[:0])
			e.Array()
			encodeToken(&e, v)
			e.Raw(raw)
			e.Any(free)
			e.EndArray()
			var err error
			if buffer, err = e.Finish(); err != nil {
				t.Error(err)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			if v == nil {
				v = &token{Type: "content"}
			}
			if got := testing.AllocsPerRun(100, test.run); got > test.want {
				t.Errorf("%v allocations, want %v", got, test.want)
			}
		})
	}
}

// length is a type that encodes and decodes itself, and allocates nothing.
type length int

func (l *length) UnmarshalJSON(data []byte) error {
	*l = length(len(data))
	return nil
}

func (l *length) MarshalJSON() ([]byte, error) { return lengthText, nil }

var lengthText = []byte("7")
