package eventjson_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/contract/eventjson"
)

func readFields(text string) (fields, error) {
	return read(text, func(d *eventjson.Decoder) fields {
		var v fields
		decodeFields(d, &v)
		return v
	})
}

func TestObjects(t *testing.T) {
	for _, test := range []struct {
		text string
		want fields
	}{
		{`null`, fields{}},
		{`{}`, fields{}},
		{` { } `, fields{}},
		{"\t{ \"text\" :\r\n\"x\" , \"texts\" : [ \"a\" , null ] } ", fields{Text: "x", Texts: []string{"a", ""}}},
		{`{"Text":"x","TEXT":7,"text ":true}`, fields{}},
		{`{"\u0074e\u0078t":"x"}`, fields{Text: "x"}},
		{`{"te\\xt":"x","t\ud800":"x"}`, fields{}},
		{"{\"t\xffext\":\"x\"}", fields{}},
		{`{"text":"x","text":"y"}`, fields{Text: "y"}},
		{`{"text":"x","text":null,"maybe":"x","maybe":null}`, fields{}},
		{`{"texts":["a","b"],"texts":["c"]}`, fields{Texts: []string{"c"}}},
		{`{"nested":{"a":{}},"nested":{"b":{"int":1}}}`, fields{Nested: map[string]fields{"b": {Int: 1}}}},
		{`{"nested":{"a":{"int":1},"a":{"flag":true}}}`, fields{Nested: map[string]fields{"a": {Flag: true}}}},
		{`{"a/b~c":{"kind":"box"},"a/b~c":{"size":1}}`, fields{Inner: inner{Size: 1}}},
		{`{"next":{"text":"x"},"next":{"next":{}}}`, fields{Next: &fields{Next: &fields{}}}},
		{`{"texts":null,"nested":null,"next":null,"flag":null,"a/b~c":null}`, fields{}},
		{`{"texts":[],"nested":{}}`, fields{Texts: []string{}, Nested: map[string]fields{}}},
		{`{"flag":true,"flag":false}`, fields{}},
		{`{"more":{"text":[1,-2.5e3,"a\n",true,false,null,{}]},"flag":true}`, fields{Flag: true}},
		{`{"raw": [ 1 , {} ] ,"at":"2024-01-02T03:04:05Z","bytes":"aGk="}`, fields{
			Raw: json.RawMessage(`[ 1 , {} ]`), At: time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC), Bytes: []byte("hi"),
		}},
		{`{"raw":null,"at":null,"bytes":null}`, fields{Raw: json.RawMessage(`null`)}},
	} {
		if got, err := readFields(test.text); err != nil || !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: got %+v, %v, want %+v", test.text, got, err, test.want)
		}
	}
}

func TestErrors(t *testing.T) {
	long := strings.Repeat("1", 1<<20)
	for text, want := range map[string]string{
		`[]`:                                     `data: must be of type object, not array`,
		`"x"`:                                    `data: must be of type object, not string`,
		`{"text":7}`:                             `data/text: must be of type string, not number`,
		`{"flag":"yes"}`:                         `data/flag: must be of type boolean, not string`,
		`{"flag":1}`:                             `data/flag: must be of type boolean, not number`,
		`{"int":1.5}`:                            `data/int: must be of type integer (int), not number 1.5`,
		`{"int8":-129}`:                          `data/int8: must be of type integer (int8), not number -129`,
		`{"float":{}}`:                           `data/float: must be of type number, not object`,
		`{"texts":{}}`:                           `data/texts: must be of type array, not object`,
		`{"texts":["a", ["]"], 7]}`:              `data/texts/1: must be of type string, not array`,
		`{"more":[{"text":[]}],"texts":[1]}`:     `data/texts/0: must be of type string, not number`,
		`{"a/b~c":{"kind":"x","size":""}}`:       `data/a~1b~0c/size: must be of type integer (int32), not string`,
		`{"\u0061/b~c":[]}`:                      `data/a~1b~0c: must be of type object, not array`,
		`{"nested":{"é\n":{},"\"x\"":[]}}`:       `data/nested/"x": must be of type object, not array`,
		`{"nested":{"":{"texts":[null,false]}}}`: `data/nested//texts/1: must be of type string, not bool`,
		`{"next":{"next":{"next":7}}}`:           `data/next/next/next: must be of type object, not number`,
		`{"text":7,"text":"x"}`:                  `data/text: must be of type string, not number`,
		`{"text":7`:                              `data/text: must be of type string, not number`,
		`{"bytes":7}`:                            `data/bytes: must be of type array, not number`,
		`{"bytes":"?"}`:                          `data/bytes: illegal base64 data at input byte 0`,
		`{"text":"a"`:                            `data: unexpected end of JSON input`,
		`{"text":"a",}`:                          `data: invalid character '}' looking for beginning of object key string (byte 13)`,
		`{"text" "a"}`:                           `data: invalid character '"' after object key (byte 9)`,
		`{"text":"a" "int":1}`:                   `data: invalid character '"' after object key:value pair (byte 13)`,
		`{text:"a"}`:                             `data: invalid character 't' looking for beginning of object key string (byte 2)`,
		`{"texts":["a" "b"]}`:                    `data: invalid character '"' after array element (byte 15)`,
		`{"texts":["a",]}`:                       `data: invalid character ']' looking for beginning of value (byte 15)`,
		`{}}`:                                    `data: invalid character '}' after top-level value (byte 3)`,
		`{"int":` + long + `}`:                   `data/int: must be of type integer (int), not number ` + long[:158] + `… (1048618 bytes)`,
		`{"nested":{"` + long + `":7}}`:          `data/nested/` + long[:192] + `… (1048584 bytes): must be of type object, not number`,
	} {
		_, err := readFields(text)
		if err == nil || err.Error() != want {
			t.Errorf("%.60s:\ngot  %v\nwant %s", text, err, want)
		}
	}
}

// An error of encoding/json or of a type's own method is kept, and is in the value itself.
func TestErrorsOfOthers(t *testing.T) {
	_, err := readFields(`{"nested":{"x":{"at":"now"}}}`)
	var wrong *eventjson.Error
	var cause *time.ParseError
	if !errors.As(err, &wrong) || wrong.Path != "/nested/x/at" || !errors.As(err, &cause) || !strings.HasPrefix(wrong.Reason, "parsing time") {
		t.Errorf("got %v", err)
	}
	_, err = readFields(`{"text":`)
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		t.Errorf("got %T", errors.Unwrap(err))
	}
	_, err = readFields(`{"text":7}`)
	if err == nil || errors.Unwrap(err) != nil {
		t.Errorf("got %v", errors.Unwrap(err))
	}
	type line struct {
		Weights map[string][]float64 `json:"weights"`
	}
	var lines []line
	d := eventjson.NewDecoder([]byte(`[0, [{"weights":{"a/b":[1,"2"]}}]]`))
	for ok := d.Array(); ok; ok = d.NextItem() {
		if d.Any(); d.NextItem() {
			d.JSON(&lines)
		}
	}
	var misfit *json.UnmarshalTypeError
	if err := d.Finish(); err == nil || err.Error() != "data/1/0/weights/a~1b/1: must be of type number, not string" || !errors.As(err, &misfit) {
		t.Errorf("got %v", err)
	}
	for _, v := range []any{nil, lines, (*int)(nil)} {
		d := eventjson.NewDecoder([]byte(`7`))
		d.JSON(v)
		var invalid *json.InvalidUnmarshalError
		if err := d.Finish(); !errors.As(err, &invalid) {
			t.Errorf("%T: got %v", v, err)
		}
	}
}

// After an error, nothing is read any more, and the first error stays.
func TestErrorsStay(t *testing.T) {
	d := eventjson.NewDecoder([]byte(`[7, "a", 1, true, null, {"a":1}, [1]]`))
	d.Array()
	_ = d.String()
	var free any = "untouched"
	d.JSON(&free)
	if d.Object() || d.NextMember() || d.Array() || d.NextItem() || d.Null() || d.Bool() || len(d.Name()) > 0 ||
		d.String() != "" || d.Const("a") != "" || d.Int(64) != 0 || d.Uint(64) != 0 || d.Float(64) != 0 || d.Any() != nil ||
		d.Raw() != nil || free != "untouched" {
		t.Error("a method goes on")
	}
	d.Skip()
	for range 2 {
		if err := d.Finish(); err == nil || err.Error() != "data/0: must be of type string, not number" {
			t.Errorf("got %v", err)
		}
	}
}

func TestFinishInTheMiddle(t *testing.T) {
	for text, want := range map[string]string{
		`[1`:  "data: unexpected end of JSON input",
		`[1]`: "data: is not read to its end",
	} {
		d := eventjson.NewDecoder([]byte(text))
		d.Array()
		d.Int(64)
		if err := d.Finish(); err == nil || err.Error() != want {
			t.Errorf("%s: got %v", text, err)
		}
	}
}

func TestRaw(t *testing.T) {
	data := []byte(` {"a" : [ 1 ]} `)
	d := eventjson.NewDecoder(data)
	raw := d.Raw()
	if err := d.Finish(); err != nil || string(raw) != `{"a" : [ 1 ]}` {
		t.Errorf("got %s, %v", raw, err)
	}
	if &raw[0] != &data[1] || cap(raw) != len(raw) {
		t.Error("the text is not a part of the data, or more than the value")
	}
	if raw, err := read(`[1,]`, (*eventjson.Decoder).Raw); raw != nil || err == nil {
		t.Errorf("got %s, %v", raw, err)
	}
}

func TestJSONCallsTheMethod(t *testing.T) {
	var v method
	d := eventjson.NewDecoder([]byte(`[ {"a" : 1} ]`))
	d.Array()
	d.JSON(&v)
	d.NextItem()
	if err := d.Finish(); err != nil || v.text != `{"a" : 1}` {
		t.Errorf("got %s, %v", v.text, err)
	}
	d = eventjson.NewDecoder([]byte(`null`))
	if d.JSON(&v); v.text != "null" {
		t.Errorf("got %s", v.text)
	}
	d = eventjson.NewDecoder([]byte(`{"a":["bad"]}`))
	d.Object()
	d.JSON(&v)
	if err := d.Finish(); !errors.Is(err, errMethod) || err.Error() != "data/a: no good" {
		t.Errorf("got %v", err)
	}
}

// method is a type that encodes and decodes itself.
type method struct{ text string }

var errMethod = errors.New("no good")

func (m *method) UnmarshalJSON(data []byte) error {
	if m.text = string(data); strings.Contains(m.text, "bad") {
		return errMethod
	}
	return nil
}

func (m method) MarshalJSON() ([]byte, error) {
	if m.text == "bad" {
		return nil, errMethod
	}
	return []byte(m.text), nil
}
