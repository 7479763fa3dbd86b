package ingest_test

import (
	"net/http"
	"testing"

	"github.com/mixstream/mixstream/server/internal/ingest"
)

func TestMediaType(t *testing.T) {
	for _, row := range []struct {
		types  []string
		coding string
		want   string // empty: refused
	}{
		{[]string{jsonType}, "", jsonType},
		{[]string{"Application/JSON; charset=utf-8"}, "identity", jsonType},
		{[]string{ndjsonType}, "", ndjsonType},
		{nil, "", ""},
		{[]string{"text/plain"}, "", ""},
		{[]string{"application/jsonp"}, "", ""},
		{[]string{jsonType, ndjsonType}, "", ""}, // the client may mean either
		{[]string{jsonType}, "gzip", ""},
	} {
		h := http.Header{"Content-Type": row.types}
		h.Set("Content-Encoding", row.coding)
		if got, err := ingest.MediaType(h); got != row.want || (err == nil) != (row.want != "") {
			t.Errorf("%q, %q: got %q, %v", row.types, row.coding, got, err)
		}
	}
}
