package eventjson_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/mixstream/mixstream/contract/eventjson"
)

var seeds = []string{
	``, ` `, `null`, `{}`, `[]`, `{"text":"a","maybe":null,"flag":true,"int":-1,"int8":-128,"int64":9223372036854775807}`,
	`{"uint":1.0,"uint8":255,"uint64":18446744073709551615,"float":1e-7,"float32":3.4e38,"texts":["",null,"\u00e9"]}`,
	`{"nested":{"a":{"text":"x"},"b":null},"a/b~c":{"kind":"box","size":7},"next":{"next":{}},"free":{"a":[1,{"b":1e400}]}}`,
	`{"raw": {"a" : 1 } ,"at":"2024-01-02T03:04:05Z","bytes":"aGk=","more":[{"x":[[]]}]}`,
	`{"Text":"folded","text":"x","text":"y","TEXT":7}`, `{"\u0074ext":"escaped name","te\\xt":1}`,
	`{"int":1e2,"int8":12.50e1,"int64":-0,"uint":-0.0,"uint8":256,"uint64":1e19}`, `{"int":1.5}`, `{"int":1e400}`, `{"float":1e400}`,
	`{"text":"\ud83d\ude00 \ud800 \udc00 \ud800\u0041 \u2028 \u0000 \/ \b\f\n\r\t"}`, "{\"text\":\"\xff\xed\xa0\x80\xf4\x90\x80\x80\"}", "{\"text\":\"a\nb\"}",
	`{"text":"` + strings.Repeat("long ", 20) + `\n` + strings.Repeat("é", 30) + `"}`, `{"texts":"x"}`, `{"nested":[]}`, `{"next":7}`, `{"flag":"true"}`,
	`{"text":01}`, `{"text":-}`, `{"int":01}`, `{"a":1,}`, `{"a" 1}`, `[1,]`, `[1 2]`, `{}{}`, `tru`, `nul`, `"\x"`, `"\u12"`, `"`, `{"at":"now"}`,
	"\t{ \"text\" :\r\n\"x\" , \"texts\" : [ \"a\" , \"b\" ] } ", "\ufeff{}", `{"text":{"a":1}}`, `{"int":[1]}`, `{"float":""}`, `{"bytes":"?"}`,
}

// FuzzDecoder compares a decoder like a generated one with encoding/json.
func FuzzDecoder(f *testing.F) {
	for _, seed := range seeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var got, want fields
		d := eventjson.NewDecoder(data)
		decodeFields(&d, &got)
		err := d.Finish()
		checkError(t, data, err)
		if !json.Valid(data) {
			if err == nil {
				t.Fatalf("accepts what is no JSON, as %+v", got)
			}
			return
		}
		var r reference
		refused := r.decode(bytes.Trim(data, " \t\r\n"), reflect.ValueOf(&want).Elem())
		compare(t, "the rules say", got, err, want, refused)
		if !r.folded && !r.duplicate && !r.integral {
			want = fields{}
			compare(t, "encoding/json with UseNumber says", got, err, want, decodeWhole(data, &want))
		}
		if !r.folded && !r.duplicate && !r.integral && !r.freeNumber {
			want = fields{}
			compare(t, "encoding/json says", got, err, want, json.Unmarshal(data, &want))
		}
	})
}

func compare(t *testing.T, who string, got fields, err error, want fields, refused error) {
	t.Helper()
	switch {
	case err == nil != (refused == nil):
		t.Fatalf("got %v, %s %v", err, who, refused)
	case err == nil && !reflect.DeepEqual(got, want):
		t.Fatalf("got  %+v\n%s %+v", got, who, want)
	}
}

// checkError checks that an error tells a place that exists, in few words.
func checkError(t *testing.T, data []byte, err error) {
	t.Helper()
	var wrong *eventjson.Error
	switch {
	case err == nil:
		return
	case !errors.As(err, &wrong) || wrong.Reason == "" || len(wrong.Reason) > 300 || len(wrong.Error()) > 1300:
		t.Fatalf("got %T %v", err, err)
	case wrong.Path == "" || !json.Valid(data):
		return
	}
	found := []json.RawMessage{bytes.Trim(data, " \t\r\n")}
	for token := range strings.SplitSeq(wrong.Path[1:], "/") {
		if found = members(found, strings.NewReplacer("~1", "/", "~0", "~").Replace(token)); len(found) == 0 {
			t.Fatalf("%v: %s does not exist", err, token)
		}
	}
}

// members returns the members or items of some values. An object may have several of a name.
func members(values []json.RawMessage, name string) (found []json.RawMessage) {
	for _, value := range values {
		var items []json.RawMessage
		var r reference
		_ = r.object(value, func(member string, text []byte) error {
			if member == name {
				found = append(found, text)
			}
			return nil
		})
		if i, err := strconv.Atoi(name); err == nil && json.Unmarshal(value, &items) == nil && i < len(items) {
			found = append(found, items[i])
		}
	}
	return found
}

// FuzzAny compares free-form values, texts and their encodings.
func FuzzAny(f *testing.F) {
	for _, seed := range seeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d := eventjson.NewDecoder(data)
		got := d.Any()
		err := d.Finish()
		checkError(t, data, err)
		var want any
		if refused := decodeWhole(data, &want); err == nil != (refused == nil) {
			t.Fatalf("got %v, %v", err, refused)
		}
		d = eventjson.NewDecoder(data)
		raw := d.Raw()
		if err2 := d.Finish(); (err == nil) != (err2 == nil) || err != nil && err.Error() != err2.Error() {
			t.Fatalf("Any says %v, Raw says %v", err, err2)
		}
		if err != nil {
			return
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("got %#v, want %#v", got, want)
		}
		if want := bytes.Trim(data, " \t\r\n"); !bytes.Equal(raw, want) {
			t.Fatalf("raw: got %s, want %s", raw, want)
		}
		var compact bytes.Buffer
		if err := json.Compact(&compact, data); err != nil {
			t.Fatal(err)
		}
		e := eventjson.NewEncoder([]byte("x"))
		e.Raw(data)
		if text, err := e.Finish(); string(text) != "x"+compact.String() || err != nil {
			t.Fatalf("compact: got %s, %v, want %s", text, err, &compact)
		}
		e = eventjson.NewEncoder(nil)
		e.Any(got)
		text, err := e.Finish()
		if encoded, refused := encoded(got); string(text) != encoded || err != nil || refused != nil {
			t.Fatalf("encode: got %s, %v, want %s, %v", text, err, encoded, refused)
		}
		d = eventjson.NewDecoder(text)
		if again := d.Any(); d.Finish() != nil || !reflect.DeepEqual(again, got) {
			t.Fatalf("%#v, encoded and decoded: %#v", got, again)
		}
	})
}

// encoded returns the text of encoding/json for a value.
func encoded(v any) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return strings.TrimSuffix(b.String(), "\n"), err
}

// FuzzEncoder compares an encoder like a generated one with encoding/json.
func FuzzEncoder(f *testing.F) {
	f.Add("a", "b", int64(1), uint64(1), 1.5, true, []byte(`{"a":1}`))
	f.Add("<&>\u2028\u2029\u2027\ufffd\x7f\x00\x1f\b\f\n\r\t\"\\/", "", int64(math.MinInt64), uint64(math.MaxUint64), 1e21, false, []byte(` [ 1 , " x " ] `))
	f.Add(strings.Repeat("é", 40)+"\xe2\x80", "\xff", int64(0), uint64(0), 1e-7, false, []byte(`{`))
	f.Add("long, then \n "+strings.Repeat("and on ", 20), "\xe2\x80\xa8", int64(0), uint64(0), math.NaN(), false, []byte(``))
	f.Add("", "12345678", int64(0), uint64(0), math.Inf(-1), false, []byte(nil))
	f.Add("", "", int64(0), uint64(0), 3.4e38, false, []byte(`null`))
	f.Fuzz(func(t *testing.T, a, b string, i int64, u uint64, number float64, flag bool, raw []byte) {
		v := fields{
			Text: a, Maybe: &b, Flag: flag, Int: int(i), Int8: int8(i), Int64: &i, Uint: uint(u), Uint8: uint8(u), Uint64: u,
			Float: number, Float32: float32(number), Texts: []string{a, b}, Nested: map[string]fields{a: {Text: b}, b: {Text: a}},
			Inner: inner{b, int32(i)}, Next: &fields{Texts: []string{}, Free: map[string]any{b: number, a: []any{b, i, float32(number), nil}}},
			Free: []any{a, map[string]any{}, []any{}, []any(nil), map[string]any(nil), json.RawMessage(raw), []string{a}}, Raw: raw, Bytes: raw,
		}
		e := eventjson.NewEncoder([]byte("x"))
		encodeFields(&e, &v)
		got, err := e.Finish()
		want, refused := encoded(&v)
		if !utf8.ValidString(a) || !utf8.ValidString(b) {
			var wrong *eventjson.Error
			if !errors.As(err, &wrong) || got != nil {
				t.Fatalf("accepts what is not UTF-8: %s", got)
			}
			if refused == nil && wrong.Reason != "must be valid UTF-8" {
				t.Fatalf("got %v", err)
			}
			return
		}
		if err == nil != (refused == nil) || err == nil && string(got) != "x"+want {
			t.Fatalf("got  %s, %v\nwant x%s, %v", got, err, want, refused)
		}
	})
}
