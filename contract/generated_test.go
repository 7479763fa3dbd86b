package contract_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/contract/eventjson"
)

// goods is a Go type in the style of generated code.
type goods struct {
	Name  string           `json:"name"`
	Count *int64           `json:"count,omitempty"`
	Lines []line           `json:"lines"`
	Extra map[string]any   `json:"extra"`
	Texts map[string]texts `json:"texts"`
	At    time.Time        `json:"at"`
	embedded
	Hidden int `json:"-"`
}

type line struct {
	Weight float64 `json:"weight"`
	Price  price   `json:"price"`
}

type texts []string

type embedded struct {
	Inner bool `json:"inner"`
}

// price is a type that encodes and decodes itself.
type price struct{ cents int }

var errPrice = errors.New("no price")

func (p *price) UnmarshalJSON(data []byte) error {
	if string(data) != `"1"` {
		return errPrice
	}
	return nil
}

func (p price) MarshalJSON() ([]byte, error) {
	if p.cents < 0 {
		return nil, errPrice
	}
	return []byte(`"1"`), nil
}

func TestUnmarshalSaysWhere(t *testing.T) {
	for data, want := range map[string]string{
		`{"name":7}`:                             `"e": data/name: must be of type string, not number`,
		`{"NAME":7}`:                             `"e": data/NAME: must be of type string, not number`,
		`{"count":1.5}`:                          `"e": data/count: must be of type integer (int64), not number 1.5`,
		`{"lines":{}}`:                           `"e": data/lines: must be of type array, not object`,
		`{"lines":[{"weight":1},{"weight":""}]}`: `"e": data/lines/1/weight: must be of type number, not string`,
		`{"lines":[{"price":"2"}]}`:              `"e": data/lines/0/price: no price`,
		`{"texts":{"a/b":["x",7]}}`:              `"e": data/texts/a~1b/1: must be of type string, not number`,
		`{"extra":[]}`:                           `"e": data/extra: must be of type object, not array`,
		`{"inner":7}`:                            `"e": data/inner: must be of type boolean, not number`,
		`[]`:                                     `"e": data: must be of type object, not array`,
		`{"name":"x"`:                            `"e": data: unexpected end of JSON input`,
	} {
		err := contract.Unmarshal("e", []byte(data), new(goods), json.Unmarshal)
		var misfit *contract.InvalidEventError
		if !errors.As(err, &misfit) || err.Error() != want || misfit.Err == nil {
			t.Errorf("%s: got %v, want %s", data, err, want)
		}
	}
	if err := contract.Unmarshal("e", []byte(`{"at":"now"}`), new(goods), json.Unmarshal); err == nil || !strings.HasPrefix(err.Error(), `"e": data/at: parsing time`) {
		t.Errorf("got %v", err)
	}
	if err := contract.Unmarshal("e", []byte(`{"lines":[{"price":"2"}]}`), new(goods), json.Unmarshal); !errors.Is(err, errPrice) {
		t.Errorf("the cause is lost: %v", err)
	}
	var got goods
	if err := contract.Unmarshal("e", []byte(`{"name":"x","more":[{}]}`), &got, json.Unmarshal); err != nil || got.Name != "x" {
		t.Errorf("got %+v, %v", got, err)
	}
}

// The unmarshal function of a caller may refuse what encoding/json takes.
func TestUnmarshalByAnother(t *testing.T) {
	strict := errors.New("json: too strict")
	err := contract.Unmarshal("e", []byte(`{}`), new(goods), func([]byte, any) error { return strict })
	if !errors.Is(err, strict) || err.Error() != `"e": data: too strict` {
		t.Errorf("got %v", err)
	}
}

// What a generated decoder or encoder refuses is an error of the event.
func TestDecodedAndEncoded(t *testing.T) {
	d := eventjson.NewDecoder([]byte(`[7,"x"]`))
	for ok := d.Array(); ok; ok = d.NextItem() {
		d.Int(8)
	}
	want := contract.InvalidEventError{Event: "e", Path: "/1", Reason: "must be of type integer (int8), not string"}
	if got, ok := errors.AsType[*contract.InvalidEventError](contract.Decoded("e", &d)); !ok || *got != want {
		t.Errorf("got %+v", got)
	}
	d = eventjson.NewDecoder([]byte(`7`))
	if d.Skip(); contract.Decoded("e", &d) != nil {
		t.Errorf("got %v", contract.Decoded("e", &d))
	}
	e := eventjson.NewEncoder([]byte("data: "))
	e.Int(7)
	if data, err := contract.Encoded("e", &e); string(data) != "data: 7" || err != nil {
		t.Errorf("got %s, %v", data, err)
	}
	e = eventjson.NewEncoder(nil)
	e.Array()
	e.String("\xff")
	e.EndArray()
	data, err := contract.Encoded("e", &e)
	if got, ok := errors.AsType[*contract.InvalidEventError](err); !ok || data != nil || got.Event != "e" || got.Path != "/0" {
		t.Errorf("got %s, %v", data, err)
	}
}

// Deeply nested data does not make the search for the wrong part expensive.
func TestUnmarshalOfDeepData(t *testing.T) {
	type tree struct {
		Next *tree `json:"next"`
		Leaf int   `json:"leaf"`
	}
	const depth = 5000
	data := strings.Repeat(`{"next":`, depth) + `{"leaf":""}` + strings.Repeat(`}`, depth)
	err := contract.Unmarshal("e", []byte(data), new(tree), json.Unmarshal)
	if err == nil || len(err.Error()) > 1000 {
		t.Errorf("got %v", err)
	}
}
