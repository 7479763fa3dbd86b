package server_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/server"
)

// FuzzPublishLines publishes anything: what is answered is what is in the log, and all
// of that fits the spec and is what encoding/json reads.
func FuzzPublishLines(f *testing.F) {
	f.Add(contentLine("a"))
	f.Add(" {\t\"d\\u0061ta\" : {\"type\":\"content\", \"content\":\"\\\\\" , \"x\\\"y \":[ 1, {} ]} , \"event\":\"content\" } ")
	f.Add("\ufeff" + contentLines(0, 3) + "\r\n\n" + `{"event":"complete","data":{"type":"complete","done":true}}`)
	f.Add(contentLine("a") + `{"event":"error","data":{"error":"x","type":"replay_gap"}}`)
	f.Add(`{"event":"content","data":{"type":"content","content":"\ud800"}}`)
	f.Add(`{"event":"error","data":{"error":"x","Error":1}}`)
	f.Add(`{"event":"permission","data":{"type":"p","id":"","sessionId":"","toolName":"a_b","action":"","description":"","params":{"a":1e400}}}`)
	f.Fuzz(func(t *testing.T, body string) {
		log := eventlog.NewMemory(eventlog.Retention{})
		srv := servertest.NewServer(t, everyonePublishes, server.WithLog(log))
		r := httptest.NewRequest(http.MethodPost, "/stream?sessionId=s", strings.NewReader(body))
		r.Header.Set("Content-Type", ndjsonType)
		w := httptest.NewRecorder()
		srv.ServeHTTP(w, r)
		var answer struct {
			Count  int
			LastID string
			Line   int
			Error  *gen.RESTError
		}
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || (w.Code == http.StatusCreated) != (answer.Error == nil) || w.Code >= 500 {
			t.Fatalf("%d %s: %v", w.Code, w.Body, err)
		}
		reader, err := log.Follow(context.Background(), eventlog.Session{ID: "s"}, func() {})
		if err != nil {
			t.Fatal(err)
		}
		defer reader.Close()
		floor, _, err := reader.Bounds(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		batch, err := reader.Read(context.Background(), floor, 1<<30)
		if err != nil {
			t.Fatal(err)
		}
		if len(batch.Entries) != answer.Count {
			t.Fatalf("%d are in the log, and told is %s", len(batch.Entries), w.Body)
		}
		lines := slices.DeleteFunc(bytes.Split(bytes.TrimPrefix([]byte(body), []byte("\ufeff")), []byte("\n")), func(line []byte) bool { return len(bytes.TrimSpace(line)) == 0 })
		for i, e := range batch.Entries {
			var sent struct {
				Event string
				Data  json.RawMessage
			}
			var data bytes.Buffer
			if err := cmp.Or(json.Unmarshal(bytes.TrimSpace(lines[i]), &sent), json.Compact(&data, sent.Data)); err != nil || sent.Event != e.Name || data.String() != string(e.Data) {
				t.Errorf("%s: published as %s %s: %v", lines[i], e.Name, e.Data, err)
			}
			if unknown, ok := gen.StreamEvents.Decode(e.Name, e.Data).(*gen.UnknownEvent); ok {
				t.Errorf("%s %s: %v", e.Name, e.Data, unknown.Err)
			}
			if err := gen.StreamEvents.Check(e.Name, e.Data); err != nil {
				t.Error(err)
			}
		}
		if n := len(batch.Entries); n > 0 && servertest.Number(t, answer.LastID) != batch.Entries[n-1].ID {
			t.Errorf("the last id is %s", answer.LastID)
		}
	})
}
