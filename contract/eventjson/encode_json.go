package eventjson

import (
	"bytes"
	"cmp"
	"encoding/json"
	"reflect"
	"sync"
)

// JSON writes a value with encoding/json, which replaces bytes that are not UTF-8. It calls
// MarshalJSON itself if v has that method.
func (e *Encoder) JSON(v any) {
	if m, ok := v.(json.Marshaler); ok {
		e.marshal(m)
		return
	}
	w, _ := writers.Get().(*writer)
	if w == nil {
		w = new(writer)
		w.encoder = json.NewEncoder(&w.buffer)
		w.encoder.SetEscapeHTML(false)
	}
	w.buffer.Reset()
	if err := w.encoder.Encode(v); err != nil {
		path, found := findUnencodable(reflect.ValueOf(v), maxSearched)
		e.refuse(&Error{Path: path, Reason: because(cmp.Or(found, err)), Err: err})
	} else {
		e.Raw(bytes.TrimSuffix(w.buffer.Bytes(), []byte("\n")))
	}
	if w.buffer.Cap() <= maxPooled {
		writers.Put(w)
	}
}

// marshal writes a value that marshals itself.
func (e *Encoder) marshal(m json.Marshaler) {
	v := reflect.ValueOf(m)
	if v.Kind() == reflect.Pointer && v.IsNil() {
		e.Null()
		return
	}
	text, err := m.MarshalJSON()
	if err == nil {
		wrong := e.compact(text)
		if wrong == nil {
			return
		}
		if err = wrong.Err; err == nil {
			e.refuse(wrong)
			return
		}
	}
	err = &json.MarshalerError{Type: v.Type(), Err: err}
	e.refuse(&Error{Reason: because(err), Err: err})
}

// writer is an encoder of encoding/json with its buffer. It is kept for the next value.
type writer struct {
	buffer  bytes.Buffer
	encoder *json.Encoder
}

var writers sync.Pool

// maxPooled is the largest buffer that is kept, in bytes.
const maxPooled = 64 << 10
