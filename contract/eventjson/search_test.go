package eventjson_test

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/contract/eventjson"
)

// goods is a type that only encoding/json knows.
type goods struct {
	Name   string            `json:"name"`
	Count  *int64            `json:"count,omitempty"`
	Lines  []*line           `json:"lines"`
	Extra  map[string]any    `json:"extra"`
	Texts  map[string][]bool `json:"texts"`
	At     time.Time         `json:"at"`
	Pair   [2]uint16         `json:"pair"`
	Hidden int               `json:"-"`
	embedded
}

type line struct {
	Weight float32 `json:"weight"`
	Method method  `json:"method"`
}

type embedded struct {
	Inner any `json:"inner,omitempty"`
}

func TestUndecodableSaysWhere(t *testing.T) {
	for text, want := range map[string]string{
		`[]`:            `data/0: must be of type object, not array`,
		`{"name":7}`:    `data/0/name: must be of type string, not number`,
		`{"NAME":7}`:    `data/0/NAME: must be of type string, not number`,
		`{"count":1.5}`: `data/0/count: must be of type integer (int64), not number 1.5`,
		`{"lines":{}}`:  `data/0/lines: must be of type array, not object`,
		`{"lines":[{"weight":1},{"weight":"x"}]}`: `data/0/lines/1/weight: must be of type number, not string`,
		`{"lines":[{"method":"bad"}]}`:            `data/0/lines/0/method: no good`,
		`{"texts":{"a/b":[true,7]}}`:              `data/0/texts/a~1b/1: must be of type boolean, not number`,
		`{"extra":[]}`:                            `data/0/extra: must be of type object, not array`,
		`{"pair":[1,70000]}`:                      `data/0/pair/1: must be of type integer (uint16), not number 70000`,
		`{"more":7,"-":8,"name":[]}`:              `data/0/name: must be of type string, not array`,
		`{"extra":{"a":1e400}}`:                   `data/0/extra/a: must be of type number, not number 1e400`,
	} {
		d := eventjson.NewDecoder([]byte("[" + text + "]"))
		d.Array()
		d.JSON(new(goods))
		if err := d.Finish(); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
	strict := errors.New("json: too strict")
	if err := eventjson.Undecodable([]byte(`{}`), new(goods), strict); !errors.Is(err, strict) || err.Error() != `data: too strict` {
		t.Errorf("got %v", err)
	}
}

// Deeply nested data does not make the search for the wrong part expensive.
func TestUndecodableOfDeepData(t *testing.T) {
	type tree struct {
		Next *tree `json:"next"`
		Leaf int   `json:"leaf"`
	}
	const depth = 5000
	d := eventjson.NewDecoder([]byte(strings.Repeat(`{"next":`, depth) + `{"leaf":""}` + strings.Repeat(`}`, depth)))
	d.JSON(new(tree))
	if err := d.Finish(); err == nil || err.Error() != "data"+strings.Repeat("/next", 32)+": must be of type integer (int), not string" {
		t.Errorf("got %v", err)
	}
}

func TestUnencodableSaysWhere(t *testing.T) {
	for _, test := range []struct {
		value goods
		want  string
	}{
		{goods{Extra: map[string]any{"a/b": []any{1, map[string]any{"n": math.Inf(1)}}}}, `data/a/extra/a~1b/1/n: unsupported value: +Inf`},
		{goods{Lines: []*line{{Method: method{"1"}}, nil, {Weight: float32(math.NaN()), Method: method{"1"}}}}, `data/a/lines/2/weight: unsupported value: NaN`},
		{goods{Extra: map[string]any{"f": func() {}}}, `data/a/extra/f: unsupported type: func()`},
		{goods{Lines: []*line{{Method: method{"bad"}}}}, `data/a/lines/0/method: error calling MarshalJSON for type eventjson_test.method: no good`},
		{goods{embedded: embedded{math.NaN()}}, `data/a/inner: unsupported value: NaN`},
	} {
		_, err := write(func(e *eventjson.Encoder) {
			e.Object()
			e.Name(`"a":`)
			e.JSON(&test.value)
			e.EndObject()
		})
		if err == nil || err.Error() != test.want {
			t.Errorf("got %v, want %s", err, test.want)
		}
	}
	var unsupported *json.UnsupportedTypeError
	type channel struct{ C chan int }
	if _, err := write(func(e *eventjson.Encoder) { e.JSON(channel{}) }); !errors.As(err, &unsupported) || err.Error() != "data/C: unsupported type: chan int" {
		t.Errorf("got %v", err)
	}
	d := eventjson.NewDecoder([]byte(`{"C":7}`))
	d.JSON(new(channel))
	if err := d.Finish(); err == nil || err.Error() != "data/C: must be of type chan int, not number" {
		t.Errorf("got %v", err)
	}
}
