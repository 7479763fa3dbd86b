package client_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
)

// asked is a permission with what JSON packages like to lose: large integers, the digits of a
// fraction, characters that are special to HTML or to JavaScript.
var asked = gen.PermissionData{
	Type: "permission", Action: "a<b>&", Description: "\u2028 \x00 \U0001f600", ID: "q1", SessionID: session, ToolName: "Bash",
	Params: map[string]any{"id": json.Number("1234567890123456789"), "price": json.Number("1.50"), "list": []any{nil, true, "a\u2029"}},
}

// A value comes from each way to publish to the reader's switch as it was.
func TestJSONFromPublishToHandler(t *testing.T) {
	srv, err := mix.NewServer(server.WithPublishAuthorizer(func(*http.Request, string) error { return nil }))
	if err != nil {
		t.Fatal(err)
	}
	ts := httptest.NewServer(srv)
	defer ts.Close()
	c, err := mix.NewClient(ts.URL, client.WithHTTPClient(ts.Client()))
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(asked)
	if err != nil {
		t.Fatal(err)
	}
	publish := map[string]func() (string, error){
		"Publish of the server": func() (string, error) { return srv.Publish(t.Context(), session, &asked) },
		"Publish of the client": func() (string, error) { return c.Publish(t.Context(), session, &asked) },
		"PublishJSON":           func() (string, error) { return srv.PublishJSON(t.Context(), session, "permission", text) },
		"PublishLines": func() (string, error) {
			result, err := c.PublishLines(t.Context(), session, []byte(`{"event":"permission","data":`+string(text)+"}\n"))
			return result.LastID, err
		},
	}
	published := map[string]string{} // how, by the id
	for how, f := range publish {
		id, err := f()
		if err != nil {
			t.Fatalf("%s: %v", how, err)
		}
		published[id] = how
	}
	s, err := c.StreamEvents(t.Context(), session, nil, client.FromStart())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for len(published) > 0 && s.Next() {
		how, ok := published[s.Event().ID]
		if !ok {
			continue
		}
		delete(published, s.Event().ID)
		if !reflect.DeepEqual(s.Event().Data, gen.Event(&asked)) {
			t.Errorf("%s: got %+v of %s, want %+v", how, s.Event().Data, s.Raw(), asked)
		}
	}
	if len(published) > 0 {
		t.Errorf("%v did not come: %v", published, s.Err())
	}
}

// A publisher refuses what JSON cannot hold before it sends anything.
func TestPublishUnencodable(t *testing.T) {
	fake := serve(t, hold(""))
	for want, event := range map[string]gen.Event{
		`client: publish: "content": data/content: must be valid UTF-8`:     &gen.ContentData{Content: "a\xffb"},
		`client: publish: "permission": data/params/a: must be valid UTF-8`: &gen.PermissionData{Params: map[string]any{"a": "\xff"}},
	} {
		if _, err := fake.client().Publish(t.Context(), session, event); err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
	if n := len(fake.Requests()); n > 0 {
		t.Errorf("%d requests", n)
	}
}
