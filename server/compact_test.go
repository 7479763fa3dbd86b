package server_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/mixstream/mixstream/server"
)

// FuzzCompact compares what the log gets with what encoding/json makes of it.
func FuzzCompact(f *testing.F) {
	for _, data := range []string{`1`, ` [ ] `, "\t{\r\n\"a b\" : [1 , \" \\\" \", \"\\\\\", \"\\\\\\\" \" ] }\n", `{"a":"b c"}`, `"\\"`} {
		f.Add([]byte(data))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var want bytes.Buffer
		if json.Compact(&want, data) != nil {
			return
		}
		before := bytes.Clone(data)
		got := server.Compact(data)
		if !bytes.Equal(got, want.Bytes()) || !bytes.Equal(data, before) {
			t.Errorf("%q: got %q, want %q", before, got, want.Bytes())
		}
		if len(got) > 0 && &got[0] == &data[0] {
			t.Errorf("%q: the result is no copy", before)
		}
	})
}
