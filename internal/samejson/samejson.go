// Package samejson compares the JSON of generated code with that of encoding/json. Tests of
// generated packages use it. Package eventjson lists where the two may differ; this package
// asserts each of these differences.
package samejson

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/mixstream/mixstream/contract"
)

// Test compares both directions for each event of an operation, with rounds random values and
// rounds texts that are JSON or nearly so.
func Test[P, E any](t *testing.T, op contract.Operation[P, E], seed uint64, rounds int) {
	t.Helper()
	names := op.Names()
	if op.Events.AnyName {
		names = append(names, "another name")
	}
	for i, name := range names {
		r := rand.New(rand.NewPCG(seed, uint64(i)))
		for range rounds {
			if err := Encode(op, name, r); err != nil {
				t.Fatalf("%s, event %q: %v", op.ID, name, err)
			}
			if err := Decode(op, name, Text(op, name, r)); err != nil {
				t.Fatalf("%s, event %q: %v", op.ID, name, err)
			}
		}
	}
}

// value returns a new event and a pointer to its data.
func value[P, E any](op contract.Operation[P, E], name string) (E, reflect.Value, error) {
	var data any
	event, err := op.Events.Decode(name, nil, func(_ []byte, v any) error {
		data = v
		return nil
	})
	if err != nil {
		return event, reflect.Value{}, fmt.Errorf("decode: %w", err)
	}
	return event, reflect.ValueOf(data), nil
}

// dataOf returns a pointer to the data of an event, which has the type of data.
func dataOf[E any](event E, data reflect.Value) reflect.Value {
	v := reflect.ValueOf(event)
	if v.Type() == data.Type() {
		return v
	}
	return v.Elem().FieldByName("Value").Addr()
}
