package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const byHandSpec = `openapi: 3.1.0
info: {title: By hand, version: 1.0.0}
paths:
  /orders:
    get:
      operationId: orderEvents
      responses:
        '200':
          description: .
          content:
            text/event-stream:
              schema:
                oneOf:
                  - {properties: {event: {const: placed}, data: {$ref: '#/components/schemas/Order'}}}
                  - {properties: {event: {const: paid}, data: {$ref: '#/components/schemas/Payment'}}}
                  - {properties: {event: {const: noted}, data: {type: object, required: [text], properties: {text: {type: string}}}}}
                  - {properties: {event: {const: closed}, data: {$ref: '#/components/schemas/Note'}}}
  /orders/{id}:
    get:
      operationId: getOrder
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      responses:
        '200': {description: ., content: {application/json: {schema: {$ref: '#/components/schemas/Order'}}}}
        '201': {description: ., content: {application/json: {schema: {$ref: '#/components/schemas/Payment'}}}}
components:
  schemas:
    Order:
      type: object
      required: [size, price, line]
      properties:
        size: {type: string, enum: [big, small]}
        price: {$ref: '#/components/schemas/Price'}
        line: {$ref: '#/components/schemas/Line'}
        free: {$ref: '#/components/schemas/Line', x-omitzero: true}
    Price: {type: integer, enum: [5, 6]}
    Line: {type: object, required: [a], properties: {a: {type: integer}}}
    Payment: {type: object, required: [cents], properties: {cents: {type: integer}}}
    Note: {type: object, required: [text], properties: {text: {type: string}}}
`

// byHand is a file beside the generated one.
const byHand = `package PACKAGE

import (
	"encoding/json"
	"strconv"
	"strings"
)

func (p Price) MarshalText() ([]byte, error) { return []byte("EUR " + strconv.Itoa(int(p))), nil }

func (p *Price) UnmarshalText(text []byte) (err error) {
	n, err := strconv.Atoi(strings.TrimPrefix(string(text), "EUR "))
	*p = Price(n)
	return err
}

func (l *Line) UnmarshalJSON(data []byte) error {
	l.A = len(data)
	return nil
}

func (p Payment) MarshalJSON() ([]byte, error) { return json.Marshal([]int{p.Cents}) }

func (p *Payment) UnmarshalJSON(data []byte) error { return json.Unmarshal(data, &[]*int{&p.Cents}) }

func (o *OrderEventsNoted) MarshalJSON() ([]byte, error) { return json.Marshal(o.Text) }

func (o *OrderEventsClosed) MarshalJSON() ([]byte, error) { return json.Marshal("closed: " + o.Text) }

// The generator would like to have these names.
func decodeOrder() {}

var encodeOrder = decodeOrder

var _ = encodeOrder
`

// byHandTest compares the events with what encoding/json would do.
const byHandTest = `package PACKAGE

import "testing"

func (OrderSize) MarshalText() ([]byte, error) { panic("only the tests have this method") }

func TestByHand(t *testing.T) {
	for _, test := range []struct {
		event OrderEvent
		want  string
	}{
		{&OrderEventsPlaced{Size: "big", Price: 5, Line: Line{A: 7}}, "{\"line\":{\"a\":7},\"price\":\"EUR 5\",\"size\":\"big\"}"},
		{&OrderEventsPaid{Cents: 3}, "[3]"},
		{&OrderEventsNoted{Text: "a"}, "\"a\""},
		{&OrderEventsClosed{Text: "a"}, "\"closed: a\""},
	} {
		if _, data, err := OrderEvents.Encode(test.event); string(data) != test.want || err != nil {
			t.Errorf("got %s, %v, want %s", data, err, test.want)
		}
	}
	placed, ok := OrderEvents.Decode("placed", []byte("{\"size\":\"big\",\"price\":\"EUR 6\",\"line\":[1, 2]}")).(*OrderEventsPlaced)
	if !ok || placed.Price != 6 || placed.Line.A != len("[1, 2]") {
		t.Errorf("%+v", placed)
	}
	if paid, ok := OrderEvents.Decode("paid", []byte("[4]")).(*OrderEventsPaid); !ok || paid.Cents != 4 {
		t.Errorf("%+v", paid)
	}
	if noted, ok := OrderEvents.Decode("noted", []byte("{\"text\":\"b\"}")).(*OrderEventsNoted); !ok || noted.Text != "b" {
		t.Errorf("%+v", noted)
	}
}
`

// TestByHand generates types that have methods in another file, in both modes.
func TestByHand(t *testing.T) {
	slow(t)
	o := newOutside(t, "../..")
	o.write(t, "openapi.yaml", byHandSpec)
	spec := filepath.Join(o.dir, "openapi.yaml")
	const options = "output-options: {prefer-skip-optional-pointer-with-omitzero: true, prefer-skip-optional-pointer: true}\n"
	for pkg, args := range map[string][]string{"whole": {spec}, "eventsonly": {"-events-only", spec}} {
		o.write(t, pkg+"/byhand.go", strings.Replace(byHand, "PACKAGE", pkg, 1))
		o.write(t, pkg+"/byhand_test.go", strings.Replace(byHandTest, "PACKAGE", pkg, 1))
		o.write(t, pkg+"/oapi-codegen.yaml", ownConfig+options)
		if pkg == "eventsonly" {
			o.write(t, pkg+"/api.gen.go", ownOutput(t, spec, pkg, options))
		}
		o.eventgen(t, pkg, args...)
		o.eventgen(t, pkg, args...) // what it wrote itself is not by hand
		files, err := filepath.Glob(filepath.Join(o.dir, pkg, "*.gen.go"))
		if err != nil {
			t.Fatal(err)
		}
		var code strings.Builder
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			code.Write(text)
		}
		for _, want := range []string{"func decodeOrder2(", "func encodeOrder2(", "v.Size = OrderSize(d.String())", "e.JSON(&v.Price)"} {
			if !strings.Contains(code.String(), want) {
				t.Errorf("%s: the code does not contain %q", pkg, want)
			}
		}
	}
	if out, err := o.golang(t, "test", "./..."); err != nil {
		t.Errorf("go test: %v\n%s", err, out)
	}
}
