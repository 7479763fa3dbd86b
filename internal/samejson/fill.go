package samejson

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
)

// filler sets variables to random values.
type filler struct {
	r       *rand.Rand
	noEmpty bool // no string is empty
	valid   bool // all strings are valid UTF-8, and all numbers are finite
	broken  bool // some string is not UTF-8
}

// parts are parts of strings.
var parts = []string{"a", "content", "type", " ", "é", "日本", "😀", "\u2028", "\u2029", "<", ">", "&", `"`, `\`, "/", "\x00", "\n", "\t", "\b", "\x1f", "\x7f", "{}", "\ufffd", strings.Repeat("long ", 20)}

func (f *filler) text() string {
	if !f.noEmpty && f.r.IntN(4) == 0 {
		return ""
	}
	var b strings.Builder
	for range 1 + f.r.IntN(4) {
		b.WriteString(parts[f.r.IntN(len(parts))])
	}
	if !f.valid && f.r.IntN(200) == 0 {
		f.broken = true
		b.WriteString("\xff")
	}
	return b.String()
}

// samples are JSON values for types that decode themselves.
var samples = []string{
	`"2026-01-02T03:04:05.5Z"`, `"2026-01-02"`, `"123e4567-e89b-12d3-a456-426614174000"`, `"a@example.com"`, `"YWI="`, `{}`,
	`{"type":"a","kind":"refusal","why":"b"}`, `"text"`, `1`, `[]`, `[1,{"a":null}]`, `true`, ` { "a" : [ 1 , 2 ] } `,
}

func (f *filler) fill(v reflect.Value, depth int) {
	if v.Type() == reflect.TypeFor[json.RawMessage]() {
		if f.r.IntN(4) > 0 || f.valid {
			v.SetBytes([]byte(samples[f.r.IntN(len(samples))]))
		}
		return
	}
	if unmarshals(v.Type()) && !hasRest(v.Type()) {
		from := f.r.IntN(len(samples))
		for i := range samples {
			if json.Unmarshal([]byte(samples[(from+i)%len(samples)]), v.Addr().Interface()) == nil {
				return
			}
			v.SetZero()
		}
		return
	}
	few := f.r.IntN(3)
	if depth > 4 {
		few = 0
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(f.text())
	case reflect.Bool:
		v.SetBool(f.r.IntN(2) == 0)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(int64(f.r.Uint64()) >> (f.r.IntN(64))) //nolint:gosec // any bits will do
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(f.r.Uint64() >> (f.r.IntN(64)))
	case reflect.Float32, reflect.Float64:
		v.SetFloat(f.float())
	case reflect.Interface:
		if v.NumMethod() == 0 && (f.r.IntN(4) > 0) {
			if value := f.anything(depth); value != nil {
				v.Set(reflect.ValueOf(value))
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() && f.r.IntN(5) > 0 || f.noEmpty && v.Field(i).Kind() == reflect.String && v.Field(i).CanSet() {
				f.fill(v.Field(i), depth+1)
			}
		}
	case reflect.Pointer:
		if few > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			f.fill(v.Elem(), depth+1)
		}
	case reflect.Slice:
		if few > 0 || f.r.IntN(2) == 0 {
			v.Set(reflect.MakeSlice(v.Type(), few, few))
		}
		for i := range v.Len() {
			f.fill(v.Index(i), depth+1)
		}
	case reflect.Array:
		for i := range v.Len() {
			f.fill(v.Index(i), depth+1)
		}
	case reflect.Map:
		if few > 0 || f.r.IntN(2) == 0 {
			v.Set(reflect.MakeMap(v.Type()))
		}
		for range few {
			key, item := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			f.fill(key, depth+1)
			f.fill(item, depth+1)
			v.SetMapIndex(key, item)
		}
	default:
	}
}

func (f *filler) float() float64 {
	all := []float64{0, math.Copysign(0, -1), 1, -1.5, 1e21, 1e20, 1e-6, 1e-7, math.MaxFloat32, math.SmallestNonzeroFloat32, 0.1, 16777217, math.NaN(), math.Inf(1), math.MaxFloat64, math.SmallestNonzeroFloat64}
	switch i := f.r.IntN(40); {
	case f.valid && i >= len(all)-4, i >= len(all):
		return f.r.NormFloat64()
	default:
		return all[i]
	}
}

// anything returns a value for a variable of type any.
func (f *filler) anything(depth int) any {
	kind := f.r.IntN(12)
	if depth > 4 {
		kind = f.r.IntN(6)
	}
	switch kind {
	case 0:
		return nil
	case 1:
		return f.r.IntN(2) == 0
	case 2, 3:
		return f.text()
	case 4:
		return f.float()
	case 5:
		return json.Number("1234567890123456789")
	case 6:
		return f.r.IntN(1000)
	case 7:
		return []string{f.text()}
	case 8:
		return struct {
			A string `json:"a,omitempty"`
		}{f.text()}
	case 9, 10:
		all := map[string]any{}
		for range f.r.IntN(3) {
			all[f.text()] = f.anything(depth + 1)
		}
		return all
	default:
		all := []any{}
		for range f.r.IntN(3) {
			all = append(all, f.anything(depth+1))
		}
		return all
	}
}
