//go:build goexperiment.jsonv2

package client

import "encoding/json"

// newUnmarshal returns the default decoding function of one stream. This json.Unmarshal
// keeps what it works with by itself.
func newUnmarshal() func(data []byte, v any) error { return json.Unmarshal }
