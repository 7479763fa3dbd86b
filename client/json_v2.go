//go:build goexperiment.jsonv2

package client

import "encoding/json"

// newUnmarshal returns the default decoding function of one stream. This json.Unmarshal
// reuses its buffers by itself.
func newUnmarshal() func(data []byte, v any) error { return json.Unmarshal }
