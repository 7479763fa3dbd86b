package jsonschema

import (
	"encoding/json"
	"reflect"

	"github.com/mixstream/mixstream/contract/eventjson"
)

// CheckTree checks data by its tree and by encoding/json.
func CheckTree(r *Rules, data []byte) error {
	var value any = new(json.RawMessage)
	if r.Type != nil {
		value = reflect.New(reflect.TypeOf(r.Type).Elem()).Interface()
	}
	if err := json.Unmarshal(data, value); err != nil {
		return err
	}
	return FitsTree(r, data)
}

// FitsTree checks data, which must be JSON, by its tree alone.
func FitsTree(r *Rules, data []byte) error {
	if s := r.schemas()[r.Schema]; s != nil {
		if m := (&checker{all: r.schemas()}).check(s, parse(data), nil); m != nil {
			return m.err()
		}
	}
	return nil
}

// FitsPass reports whether one pass alone accepts data.
func FitsPass(r *Rules, data []byte) bool {
	r.once.Do(r.compile)
	p := pass{d: eventjson.NewDecoder(data), all: r.schemas()}
	return p.value(r.full) && p.d.Finish() == nil
}

// Decodes decodes data as generated code does.
func Decodes(r *Rules, data []byte) error {
	r.once.Do(r.compile)
	d := eventjson.NewDecoder(data)
	r.is.read(&d)
	return d.Finish()
}

// Share reports whether two rules share what they compile.
func Share(a, b *Rules) bool { return a.compiler == b.compiler }

// Shared reports whether something is kept that was compiled for schemas.
func Shared(all Schemas) bool {
	shared.Lock()
	defer shared.Unlock()
	for key := range shared.compilers {
		if key.schemas == reflect.ValueOf(all).Pointer() {
			return true
		}
	}
	return false
}

// OnePass reports whether one pass alone tells which values fit the schema.
func OnePass(r *Rules) bool {
	r.once.Do(r.compile)
	n := r.full
	for n.other != nil {
		n = n.other
	}
	return n.tree == nil
}
