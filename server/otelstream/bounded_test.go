package otelstream_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/server"
)

// No attribute, name or description of a span has more than a little of what was sent,
// whatever a session id is, why it was refused, or where a request says that it is from.
func TestSpansAreBounded(t *testing.T) {
	const limit = 1 << 10
	huge := strings.Repeat("é", 1<<20)
	o := observe(t, servertest.Detached, server.WithLimits(server.Limits{SessionIDLength: 1 << 22}), servertest.AnySession())
	ctx := t.Context()
	o.publish(ctx, huge, "a")
	for name, event := range map[string]gen.Event{"unknown": &gen.UnknownEvent{Name: huge}, "nil": (*gen.ContentData)(nil)} {
		if _, err := o.srv.Publish(ctx, huge, event); err == nil {
			t.Errorf("%s: published", name)
		}
	}
	if _, err := o.srv.PublishJSON(ctx, "s", "content", []byte(`{"content":`+strings.Repeat("9", 1<<20)+`}`)); err == nil {
		t.Error("published")
	}
	if err := o.srv.Shutdown(ctx); err != nil { // so that the stream ends
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodGet, "/stream?sessionId=s", nil)
	r.RemoteAddr = huge + ":1"
	o.srv.ServeHTTP(httptest.NewRecorder(), r)
	spans := o.spans.GetSpans()
	if len(spans) < 5 {
		t.Fatalf("%d spans", len(spans))
	}
	for _, span := range spans {
		if len(span.Name) > limit || len(span.Status.Description) > limit {
			t.Errorf("%.100s has a description of %d bytes", span.Name, len(span.Status.Description))
		}
		for _, a := range span.Attributes {
			if n := len(a.Value.String()); n > limit {
				t.Errorf("%.100s has %s of %d bytes", span.Name, a.Key, n)
			}
		}
	}
}
