package eventjson_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"reflect"
	"strings"
	"time"
)

var errReference = errors.New("refused")

// reference decodes a text by encoding/json, but only its smallest parts: what the parts make
// up follows the rules of the package. It notes every deviation from what encoding/json would
// do with the whole.
type reference struct {
	folded     bool // a name is that of a field but for the case
	duplicate  bool // an object has a member twice
	integral   bool // an integer is written in a way that encoding/json refuses
	freeNumber bool // a free-form value has a number, which keeps its digits
}

// decode returns the value of a text that is valid JSON.
func (r *reference) decode(text []byte, v reflect.Value) error {
	if string(text) == "null" && v.Type() != reflect.TypeFor[json.RawMessage]() {
		return nil
	}
	switch v.Interface().(type) {
	case time.Time, json.RawMessage, []byte:
		return json.Unmarshal(text, v.Addr().Interface())
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return r.decode(text, v.Elem())
	case reflect.Interface:
		free := decodeWhole(text, v.Addr().Interface())
		r.freeNumber = r.freeNumber || bytes.ContainsAny(text, "0123456789")
		return free
	case reflect.Struct:
		return r.object(text, func(name string, text []byte) error {
			for i := range v.NumField() {
				field, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
				if field == name {
					v.Field(i).SetZero()
					return r.decode(text, v.Field(i))
				}
				r.folded = r.folded || strings.EqualFold(field, name)
			}
			return nil
		})
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		return r.object(text, func(name string, text []byte) error {
			item := reflect.New(v.Type().Elem()).Elem()
			err := r.decode(text, item)
			v.SetMapIndex(reflect.ValueOf(name), item)
			return err
		})
	case reflect.Slice:
		return r.array(text, v)
	case reflect.Int, reflect.Int8, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint8, reflect.Uint64:
		text = r.integer(text)
	default:
	}
	return json.Unmarshal(text, v.Addr().Interface())
}

// integer returns a number as encoding/json reads integers.
func (r *reference) integer(text []byte) []byte {
	exponent := bytes.IndexAny(text, "eE")
	if text[0] != '-' && (text[0] < '0' || text[0] > '9') || exponent >= 0 && len(text)-exponent > 5 {
		return text
	}
	n, ok := new(big.Rat).SetString(string(text))
	if !ok || !n.IsInt() || n.Num().String() == string(text) {
		return text
	}
	r.integral = true
	return []byte(n.Num().String())
}

// object calls a function for each member.
func (r *reference) object(text []byte, member func(name string, text []byte) error) error {
	if text[0] != '{' {
		return errReference
	}
	d := json.NewDecoder(bytes.NewReader(text))
	_, _ = d.Token()
	seen := map[string]bool{}
	for d.More() {
		token, _ := d.Token()
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return err
		}
		name, _ := token.(string)
		if err := member(name, value); err != nil {
			return err
		}
		r.duplicate = r.duplicate || seen[strings.ToLower(name)]
		seen[strings.ToLower(name)] = true
	}
	return nil
}

func (r *reference) array(text []byte, v reflect.Value) error {
	if text[0] != '[' {
		return errReference
	}
	var items []json.RawMessage
	if err := json.Unmarshal(text, &items); err != nil {
		return err
	}
	v.Set(reflect.MakeSlice(v.Type(), len(items), len(items)))
	for i, item := range items {
		if err := r.decode(item, v.Index(i)); err != nil {
			return err
		}
	}
	return nil
}

// decodeWhole is json.Unmarshal, but keeps the digits of numbers.
func decodeWhole(text []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errReference
	}
	return nil
}
