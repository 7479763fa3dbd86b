package eventjson_test

import (
	"encoding/json"
	"errors"
	"maps"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mixstream/mixstream/contract/eventjson"
)

// write returns the text that a function writes.
func write(values func(e *eventjson.Encoder)) (string, error) {
	e := eventjson.NewEncoder(nil)
	values(&e)
	b, err := e.Finish()
	return string(b), err
}

func TestEncoderAppends(t *testing.T) {
	b := make([]byte, 0, 64)
	e := eventjson.NewEncoder(append(b, "data: "...))
	e.Object()
	e.EndObject()
	got, err := e.Finish()
	if err != nil || string(got) != "data: {}" || &got[0] != &b[:1][0] {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestEncoder(t *testing.T) {
	got, err := write(func(e *eventjson.Encoder) {
		e.Object()
		e.Name(`"a":`)
		e.Array()
		e.EndArray()
		e.Name(`"b":`)
		e.Array()
		e.Null()
		e.Bool(true)
		e.Bool(false)
		e.Int(math.MinInt64)
		e.Uint(math.MaxUint64)
		e.Object()
		e.EndObject()
		e.EndArray()
		e.Key("c\n\"")
		e.Object()
		e.StringMember(`"d":`, "x")
		e.StringMember(`"e":`, "\n")
		e.EndObject()
		e.EndObject()
	})
	const want = `{"a":[],"b":[null,true,false,-9223372036854775808,18446744073709551615,{}],"c\n\"":{"d":"x","e":"\n"}}`
	if err != nil || got != want {
		t.Errorf("got %s, %v", got, err)
	}
	if got, err := write(func(*eventjson.Encoder) {}); got != "" || err != nil {
		t.Errorf("got %s, %v", got, err)
	}
}

// TestFreeValues compares what the encoder writes itself with encoding/json.
func TestFreeValues(t *testing.T) {
	type named string
	for _, v := range []any{
		nil, true, false, "", "a<b>&\u2028\u2029", named("a<b>"), []byte("hi"), 'x',
		int(-1), int8(-8), int16(-16), int32(-32), int64(-64), uint(1), uint8(8), uint16(16), uint32(32), uint64(64), uintptr(7),
		json.Number(""), json.Number("-1.50e+10"), json.Number("0"),
		json.RawMessage(nil), json.RawMessage(` { "a" : "<\u003c` + "\u2028" + ` b" } `),
		[]any(nil), []any{}, map[string]any(nil), map[string]any{}, []string{"a", "<"}, map[string]int{"b": 1, "a": 2}, map[int]any{2: nil, 1: nil},
		[]any{1, []any{"a", map[string]any{"b": 2, "a": 1, "": nil, "\n": 0, "<": []any{}}}},
		method{` [ "<" , 1 ] `}, &method{`7`}, (*method)(nil), []any{method{`"\u2028"`}}, time.Date(2024, 1, 2, 3, 4, 5, 6, time.UTC),
		struct {
			M method `json:"m"`
			T string `json:"t,omitempty"`
		}{M: method{`[ ]`}}, new("x"), (*string)(nil), new(any), [2]int{1, 2},
	} {
		want, refused := encoded(v)
		for name, writes := range map[string]func(e *eventjson.Encoder, v any){"Any": (*eventjson.Encoder).Any, "JSON": (*eventjson.Encoder).JSON} {
			got, err := write(func(e *eventjson.Encoder) { writes(e, v) })
			if err != nil || refused != nil || got != want {
				t.Errorf("%s of %T %v: got %s, %v, want %s, %v", name, v, v, got, err, want, refused)
			}
		}
	}
	many := map[string]any{}
	for i := range 100 {
		many[strings.Repeat("x", i)] = i
	}
	if got, err := write(func(e *eventjson.Encoder) { e.Any(many) }); err != nil {
		t.Errorf("got %s, %v", got, err)
	} else if want, _ := encoded(many); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestEncodedFloats(t *testing.T) {
	for _, f := range []float64{
		0, math.Copysign(0, -1), 1, -1.5, 0.1, 1e-6, 9.99e-7, 1e-7, 1e-9, 1e-10, 1.5e-100, 1e20, 1e21, 1.5e21, -1e21, 1e100,
		math.MaxFloat64, math.SmallestNonzeroFloat64, math.MaxFloat32, math.SmallestNonzeroFloat32, 1<<24 - 1, 1 << 24, 1<<24 + 2, 1 - 1<<24, -1 << 24, 1 << 62, -1 << 63, 1 << 63, float64(float32(1e-6)), float64(float32(1e21)), 123456789, math.Pi,
	} {
		for bits, v := range map[int]any{64: f, 32: float32(f)} {
			want, refused := encoded(v)
			got, err := write(func(e *eventjson.Encoder) { e.Float(f, bits) })
			if got != want || (err == nil) != (refused == nil) {
				t.Errorf("%v as %d bits: got %s, %v, want %s, %v", f, bits, got, err, want, refused)
			}
		}
	}
}

func TestEncoderErrors(t *testing.T) {
	cyclic := map[string]any{}
	cyclic["a"], cyclic["b"] = cyclic, []any{cyclic, cyclic}
	list := []any{nil, nil}
	list[0], list[1] = list, list
	var self any
	self = &self
	type chain struct{ Next *chain }
	ring := &chain{}
	ring.Next = ring
	long := strings.Repeat("x", 1000)
	for _, test := range []struct {
		value any
		path  string
		want  string
	}{
		{"a\xff", "", "must be valid UTF-8"},
		{long + "\n\xed\xa0\x80", "", "must be valid UTF-8"},
		{[]any{"é\xe2\x80"}, "/0", "must be valid UTF-8"},
		{map[string]any{"a": map[string]any{"b": 1, "\xff": 2}}, "/a", "must be valid UTF-8"},
		{math.NaN(), "", "unsupported value: NaN"},
		{float32(math.Inf(1)), "", "unsupported value: +Inf"},
		{map[string]any{"a/b": []any{1, "[,]", map[string]any{"a": []any{[]any{}, map[string]any{}}, "n~": math.Inf(-1)}}}, "/a~1b/2/n~0", "unsupported value: -Inf"},
		{[]any{json.Number("1"), json.Number("01")}, "/1", `invalid number literal "01"`},
		{json.Number("1 "), "", `invalid number literal "1 "`},
		{json.Number(" 1"), "", `invalid number literal " 1"`},
		{json.Number("-"), "", `invalid number literal "-"`},
		{json.Number("null"), "", `invalid number literal "null"`},
		{json.Number(long), "", `invalid number literal "` + long[:176] + `… (1025 bytes)`},
		{[]any{func() {}}, "/0", "unsupported type: func()"},
		{[]any{make(chan int)}, "/0", "unsupported type: chan int"},
		{[]any{map[string][]float64{"a": {1, math.NaN()}}}, "/0/a/1", "unsupported value: NaN"},
		{[]any{json.RawMessage(`{"a"}`)}, "/0", "error calling MarshalJSON for type json.RawMessage: invalid character '}' after object key"},
		{[]any{json.RawMessage{}}, "/0", "error calling MarshalJSON for type json.RawMessage: unexpected end of JSON input"},
		{[]any{method{"bad"}}, "/0", "error calling MarshalJSON for type eventjson_test.method: no good"},
		{[]any{[]method{{"1"}, {"bad"}}}, "/0/1", "error calling MarshalJSON for type eventjson_test.method: no good"},
		{cyclic, strings.Repeat("/a", maxDepth), "must not be nested deeper than 10000 levels"},
		{list, strings.Repeat("/0", maxDepth), "must not be nested deeper than 10000 levels"},
		{[]any{self}, "/0", "unsupported value: encountered a cycle via *interface {}"},
		{[]any{ring}, "/0" + strings.Repeat("/Next", 32), "unsupported value: encountered a cycle via *eventjson_test.chain"},
	} {
		got, err := write(func(e *eventjson.Encoder) { e.Any(test.value) })
		var wrong *eventjson.Error
		if got != "" || !errors.As(err, &wrong) || wrong.Path != test.path || wrong.Reason != test.want {
			t.Errorf("got %s, %.1000v, want %.1000s: %s", got, err, test.path, test.want)
		}
	}
	if _, err := write(func(e *eventjson.Encoder) { e.Any([]any{method{"bad"}}) }); !errors.Is(err, errMethod) {
		t.Errorf("got %v", err)
	}
}

// The first error stays, and every later value may be written or not.
func TestEncoderErrorsStay(t *testing.T) {
	got, err := write(func(e *eventjson.Encoder) {
		e.Object()
		e.Name(`"a":`)
		e.String("\xff")
		e.Name(`"b":`)
		if e.Object() || e.Array() {
			t.Error("a container may have content")
		}
		e.EndArray()
		e.EndObject()
		e.Key("\xff")
		e.Float(math.NaN(), 64)
		e.Raw([]byte(`}`))
		e.JSON(func() {})
		e.EndObject()
	})
	if got != "" || err == nil || err.Error() != "data/a: must be valid UTF-8" {
		t.Errorf("got %s, %v", got, err)
	}
}

// A text is one value. More do no harm.
func TestEncoderOfManyValues(t *testing.T) {
	_, err := write(func(e *eventjson.Encoder) {
		e.Int(1)
		e.Array()
		e.EndArray()
		e.String("\xff")
	})
	if err == nil || err.Error() != "data: must be valid UTF-8" {
		t.Errorf("got %v", err)
	}
}

// A Go value of a generated type may contain itself, too.
func TestEncoderOfCycles(t *testing.T) {
	v := &fields{}
	v.Next, v.Nested = v, map[string]fields{}
	for _, name := range []string{"a", "b", "c"} {
		v.Nested[name] = fields{Next: v, Nested: v.Nested}
	}
	_, err := write(func(e *eventjson.Encoder) { encodeFields(e, v) })
	if err == nil || !strings.HasSuffix(err.Error(), ": must not be nested deeper than 10000 levels") {
		t.Errorf("got %.1000v", err)
	}
}

func TestEncodedRaw(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{`null`, `null`},
		{"\t[ 1 , \" a \" ,\r\n{ } ] ", `[1," a ",{}]`},
		{`{"a":"\u003c<` + "\xff" + `"}`, `{"a":"\u003c<` + "\xff" + `"}`},
		{` "\" " `, `"\" "`},
		{` "long` + strings.Repeat(" ", 50), ""},
	} {
		got, err := write(func(e *eventjson.Encoder) { e.Raw([]byte(test.text)) })
		if got != test.want || (err == nil) != (test.want != "") {
			t.Errorf("%s: got %s, %v, want %s", test.text, got, err, test.want)
		}
	}
	if got, err := write(func(e *eventjson.Encoder) { e.Raw(nil) }); got != "null" || err != nil {
		t.Errorf("got %s, %v", got, err)
	}
	_, err := write(func(e *eventjson.Encoder) {
		e.Array()
		e.Raw([]byte(`1 2`))
		e.EndArray()
	})
	if err == nil || err.Error() != "data/0: invalid character '2' after top-level value (byte 3)" {
		t.Errorf("got %v", err)
	}
}

// encoding/json replaces what is not UTF-8.
func TestJSONOfOtherText(t *testing.T) {
	if got, err := write(func(e *eventjson.Encoder) { e.JSON([]string{"\xff"}) }); got != `["\ufffd"]` || err != nil {
		t.Errorf("got %s, %v", got, err)
	}
}

// Encoders share buffers of encoding/json.
func TestEncodersAtOnce(t *testing.T) {
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			v := map[string]int{strings.Repeat("x", i*1000): i}
			want, _ := encoded(v)
			for range 100 {
				if got, err := write(func(e *eventjson.Encoder) { e.JSON(v) }); got != want || err != nil {
					t.Errorf("got %s, %v", got, err)
					return
				}
				_, _ = write(func(e *eventjson.Encoder) { e.JSON(map[string]any{"a": "x", "b": func() {}}) })
			}
		})
	}
	wg.Wait()
	if large, err := write(func(e *eventjson.Encoder) {
		e.JSON(maps.Collect(maps.All(map[string]string{"a": strings.Repeat("x", 1<<20)})))
	}); err != nil || len(large) != 1<<20+8 {
		t.Errorf("got %d bytes, %v", len(large), err)
	}
}
