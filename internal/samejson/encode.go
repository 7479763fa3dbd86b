package samejson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"

	"github.com/mixstream/mixstream/contract"
)

// Encode encodes a random value as the data of an event, and compares the text with that of
// encoding/json: both refuse the value, or both write the same bytes.
func Encode[P, E any](op contract.Operation[P, E], name string, r *rand.Rand) error {
	event, data, err := value(op, name)
	if err != nil {
		return err
	}
	f := &filler{r: r, noEmpty: r.IntN(2) == 0}
	f.fill(data.Elem(), 0)
	_, got, gotErr := op.Events.Encode([]byte("before"), event)
	want, wantErr := encode(data)
	if misfit := new(contract.InvalidEventError); errors.As(gotErr, &misfit) && misfit.Reason == "must be valid UTF-8" && f.broken {
		return nil
	}
	if (gotErr == nil) != (wantErr == nil) {
		return fmt.Errorf("encode %#v: got %s, encoding/json %s", data.Elem().Interface(), told(gotErr), told(wantErr))
	}
	if gotErr != nil {
		return nil
	}
	got, ok := bytes.CutPrefix(got, []byte("before"))
	if !ok {
		return errors.New("encode: what the slice held is gone")
	}
	if bytes.Equal(got, want) {
		return nil
	}
	// The encoder adds constants to what is empty. Nothing else may differ.
	again := reflect.New(data.Type().Elem())
	if err := json.Unmarshal(got, again.Interface()); err != nil {
		return fmt.Errorf("encode: got %s, encoding/json %s: %w", got, want, err)
	}
	complete(data.Elem(), again.Elem(), op.Events.NameIn)
	if want, err = encode(data); err != nil || !bytes.Equal(got, want) {
		return fmt.Errorf("encode: got %s, encoding/json %s, %s", got, want, told(err))
	}
	return nil
}

// encode returns what encoding/json writes.
func encode(v reflect.Value) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(v.Interface())
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// complete sets strings that are empty to those of another value, and the member called name
// if it is missing.
func complete(v, of reflect.Value, name string) {
	switch v.Kind() {
	case reflect.String:
		if v.CanSet() && v.String() == "" {
			v.SetString(of.String())
		}
	case reflect.Pointer:
		if !v.IsNil() && !of.IsNil() {
			complete(v.Elem(), of.Elem(), "")
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if !f.IsExported() {
				continue
			}
			if tag, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" && tag == name && v.Field(i).IsZero() {
				v.Field(i).Set(of.Field(i))
			}
			complete(v.Field(i), of.Field(i), "")
		}
	case reflect.Slice:
		for i := range min(v.Len(), of.Len()) {
			complete(v.Index(i), of.Index(i), "")
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			other := of.MapIndex(key)
			if !other.IsValid() {
				continue
			}
			item := reflect.New(v.Type().Elem()).Elem()
			item.Set(v.MapIndex(key))
			complete(item, other, "")
			v.SetMapIndex(key, item)
		}
	default:
	}
}
