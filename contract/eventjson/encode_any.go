package eventjson

import (
	"encoding/json"
	"slices"
	"strconv"

	"github.com/mixstream/mixstream/internal/excerpt"
)

// Any writes a free-form value. It writes nil, bools, strings, numbers, [json.Number], []any
// and map[string]any itself, and any other value as [Encoder.JSON] does.
func (e *Encoder) Any(v any) {
	switch v := v.(type) {
	case nil:
		e.Null()
	case bool:
		e.Bool(v)
	case string:
		e.String(v)
	case json.Number:
		e.number(v)
	case float64:
		e.Float(v, 64)
	case float32:
		e.Float(float64(v), 32)
	case int:
		e.Int(int64(v))
	case int8:
		e.Int(int64(v))
	case int16:
		e.Int(int64(v))
	case int32:
		e.Int(int64(v))
	case int64:
		e.Int(v)
	case uint:
		e.Uint(uint64(v))
	case uint8:
		e.Uint(uint64(v))
	case uint16:
		e.Uint(uint64(v))
	case uint32:
		e.Uint(uint64(v))
	case uint64:
		e.Uint(v)
	case []any:
		e.items(v)
	case map[string]any:
		e.members(v)
	default:
		e.JSON(v)
	}
}

func (e *Encoder) items(items []any) {
	if items == nil {
		e.Null()
		return
	}
	e.Array()
	for _, item := range items {
		if e.failure != nil {
			break // if the value contains itself, the first error is at the end of it
		}
		e.Any(item)
	}
	e.EndArray()
}

func (e *Encoder) members(members map[string]any) {
	if members == nil {
		e.Null()
		return
	}
	var few [16]string
	names := few[:0]
	for name := range members {
		names = append(names, name)
	}
	slices.Sort(names)
	e.Object()
	for _, name := range names {
		if e.failure != nil {
			break
		}
		e.Key(name)
		e.Any(members[name])
	}
	e.EndObject()
}

// number writes a number as it stands. The empty number is 0.
func (e *Encoder) number(n json.Number) {
	if n == "" {
		n = "0"
	}
	d := NewDecoder([]byte(n))
	if c := d.next(); d.at > 0 || c != '-' && !isDigit(c) || len(d.number()) < len(n) {
		e.refuse(&Error{Reason: excerpt.Cut("invalid number literal "+strconv.Quote(string(n)), 200)})
		return
	}
	e.b = append(append(e.b, n...), ',')
}
