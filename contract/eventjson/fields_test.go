package eventjson_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/mixstream/mixstream/contract/eventjson"
)

// fields has a field of each kind. The functions below are what generated code looks like.
type fields struct {
	Text    string            `json:"text"`
	Maybe   *string           `json:"maybe,omitempty"`
	Flag    bool              `json:"flag"`
	Int     int               `json:"int"`
	Int8    int8              `json:"int8,omitempty"`
	Int64   *int64            `json:"int64,omitempty"`
	Uint    uint              `json:"uint"`
	Uint8   uint8             `json:"uint8"`
	Uint64  uint64            `json:"uint64"`
	Float   float64           `json:"float"`
	Float32 float32           `json:"float32"`
	Texts   []string          `json:"texts"`
	Nested  map[string]fields `json:"nested"`
	Inner   inner             `json:"a/b~c"`
	Next    *fields           `json:"next,omitempty"`
	Free    any               `json:"free"`
	Raw     json.RawMessage   `json:"raw,omitempty"`
	At      time.Time         `json:"at,omitzero"`
	Bytes   []byte            `json:"bytes"`
}

type inner struct {
	Kind string `json:"kind"`
	Size int32  `json:"size"`
}

func decodeFields(d *eventjson.Decoder, v *fields) {
	for ok := d.Object(); ok; ok = d.NextMember() {
		switch string(d.Name()) {
		case "text":
			v.Text = d.String()
		case "maybe":
			if v.Maybe = nil; !d.Null() {
				v.Maybe = new(d.String())
			}
		case "flag":
			v.Flag = d.Bool()
		case "int":
			v.Int = int(d.Int(0))
		case "int8":
			v.Int8 = int8(d.Int(8))
		case "int64":
			if v.Int64 = nil; !d.Null() {
				v.Int64 = new(d.Int(64))
			}
		case "uint":
			v.Uint = uint(d.Uint(0))
		case "uint8":
			v.Uint8 = uint8(d.Uint(8))
		case "uint64":
			v.Uint64 = d.Uint(64)
		case "float":
			v.Float = d.Float(64)
		case "float32":
			v.Float32 = float32(d.Float(32))
		case "texts":
			v.Texts = decodeStrings(d)
		case "nested":
			v.Nested = decodeNested(d)
		case "a/b~c":
			v.Inner = inner{}
			decodeInner(d, &v.Inner)
		case "next":
			if v.Next = nil; !d.Null() {
				v.Next = new(fields)
				decodeFields(d, v.Next)
			}
		case "free":
			v.Free = d.Any()
		case "raw":
			v.Raw = bytes.Clone(d.Raw())
		case "at":
			v.At = time.Time{}
			d.JSON(&v.At)
		case "bytes":
			v.Bytes = nil
			d.JSON(&v.Bytes)
		default:
			d.Skip()
		}
	}
}

func decodeInner(d *eventjson.Decoder, v *inner) {
	for ok := d.Object(); ok; ok = d.NextMember() {
		switch string(d.Name()) {
		case "kind":
			v.Kind = d.Const("box")
		case "size":
			v.Size = int32(d.Int(32))
		default:
			d.Skip()
		}
	}
}

func decodeStrings(d *eventjson.Decoder) []string {
	if d.Null() {
		return nil
	}
	items := []string{}
	for ok := d.Array(); ok; ok = d.NextItem() {
		items = append(items, d.String())
	}
	return items
}

func decodeNested(d *eventjson.Decoder) map[string]fields {
	if d.Null() {
		return nil
	}
	members := map[string]fields{}
	for ok := d.Object(); ok; ok = d.NextMember() {
		name := string(d.Name())
		var v fields
		decodeFields(d, &v)
		members[name] = v
	}
	return members
}

func encodeFields(e *eventjson.Encoder, v *fields) {
	if !e.Object() {
		e.EndObject()
		return
	}
	e.StringMember(`"text":`, v.Text)
	if v.Maybe != nil {
		e.Name(`"maybe":`)
		e.String(*v.Maybe)
	}
	e.Name(`"flag":`)
	e.Bool(v.Flag)
	e.Name(`"int":`)
	e.Int(int64(v.Int))
	if v.Int8 != 0 {
		e.Name(`"int8":`)
		e.Int(int64(v.Int8))
	}
	if v.Int64 != nil {
		e.Name(`"int64":`)
		e.Int(*v.Int64)
	}
	e.Name(`"uint":`)
	e.Uint(uint64(v.Uint))
	e.Name(`"uint8":`)
	e.Uint(uint64(v.Uint8))
	e.Name(`"uint64":`)
	e.Uint(v.Uint64)
	e.Name(`"float":`)
	e.Float(v.Float, 64)
	e.Name(`"float32":`)
	e.Float(float64(v.Float32), 32)
	e.Name(`"texts":`)
	encodeStrings(e, v.Texts)
	e.Name(`"nested":`)
	encodeNested(e, v.Nested)
	e.Name(`"a/b~c":`)
	e.Object()
	e.Name(`"kind":`)
	e.String(v.Inner.Kind)
	e.Name(`"size":`)
	e.Int(int64(v.Inner.Size))
	e.EndObject()
	if v.Next != nil {
		e.Name(`"next":`)
		encodeFields(e, v.Next)
	}
	e.Name(`"free":`)
	e.Any(v.Free)
	if len(v.Raw) > 0 {
		e.Name(`"raw":`)
		e.Raw(v.Raw)
	}
	if !v.At.IsZero() {
		e.Name(`"at":`)
		e.JSON(&v.At)
	}
	e.Name(`"bytes":`)
	e.JSON(v.Bytes)
	e.EndObject()
}

func encodeStrings(e *eventjson.Encoder, items []string) {
	if items == nil {
		e.Null()
		return
	}
	e.Array()
	for _, item := range items {
		e.String(item)
	}
	e.EndArray()
}

func encodeNested(e *eventjson.Encoder, members map[string]fields) {
	if members == nil {
		e.Null()
		return
	}
	e.Object()
	for _, name := range slices.Sorted(maps.Keys(members)) {
		v := members[name]
		e.Key(name)
		encodeFields(e, &v)
	}
	e.EndObject()
}
