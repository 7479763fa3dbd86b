//go:build !goexperiment.jsonv2

package client

import (
	"bytes"
	"encoding/json"
)

// newUnmarshal returns the default decoding function of one stream. It is not safe for
// concurrent use.
func newUnmarshal() func(data []byte, v any) error { return new(objects).unmarshal }

// maxKept is the size in bytes of the largest object that the kept decoder reads. A larger
// one would leave a large buffer behind, and saves next to nothing.
const maxKept = 4 << 10

// objects is a json.Unmarshal that keeps its decoder, which saves four of the nine
// allocations of a token event.
type objects struct {
	dec  *json.Decoder // of in
	in   bytes.Reader
	read int64 // the bytes that dec has read after a success
}

// unmarshal succeeds and fails as json.Unmarshal does, with the same errors, but may have
// changed v when it fails.
func (o *objects) unmarshal(data []byte, v any) error {
	// A decoder finds the end of an object without reading on.
	if n := len(data); n == 0 || n > maxKept || data[n-1] != '}' {
		return json.Unmarshal(data, v)
	}
	if o.dec == nil {
		o.dec, o.read = json.NewDecoder(&o.in), 0
	}
	o.in.Reset(data)
	o.read += int64(len(data))
	if err := o.dec.Decode(v); err != nil || o.dec.InputOffset() != o.read {
		o.dec = nil // it may hold the error, or the bytes after the value
		return json.Unmarshal(data, v)
	}
	return nil
}
