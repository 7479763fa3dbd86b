package otelstream_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/server"
)

// small retains few events.
func small() server.Option {
	return server.WithLog(eventlog.NewMemory(eventlog.Retention{Entries: 5}))
}

// Whether a server is ready is asked whenever metrics are collected.
func TestReadyMetric(t *testing.T) {
	o := observe(t, servertest.Detached, small())
	o.want("mixstream.server.ready", 1)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = o.srv.Shutdown(ctx) // it has no streams
	o.want("mixstream.server.ready", 0)
}

func TestMetrics(t *testing.T) { servertest.BothModes(t, testMetrics) }

func testMetrics(t *testing.T, mode servertest.Mode) {
	o := observe(t, mode, small())
	ctx := context.Background()
	content := attribute.String("mixstream.event.name", "content")
	resumed, fresh := attribute.Bool("mixstream.stream.resumed", true), attribute.Bool("mixstream.stream.resumed", false)
	left := attribute.String("mixstream.stream.end_reason", "client_left")

	if gaps, ok := o.metrics()["mixstream.stream.gaps"].Data.(metricdata.Sum[int64]); !ok || len(gaps.DataPoints) != 1 || gaps.DataPoints[0].Value != 0 {
		t.Errorf("before the first gap there is %+v, want 0", gaps)
	}
	first := servertest.PublishN(t, o.srv, "s", 10)[0]
	o.want("mixstream.publish.events", 10, content)
	o.want("mixstream.publish.size", 10*int64(len(`{"content":"0","type":"content"}`)), content)
	o.want("mixstream.publish.duration", 10)

	closeFresh := o.open("s", "", 1)
	o.want("mixstream.stream.opened", 1, fresh)
	o.want("mixstream.stream.active", 1)
	closeResumed := o.open("s", first, 7) // connected, the gap, five events
	o.want("mixstream.stream.opened", 1, resumed)
	o.want("mixstream.stream.active", 2)
	o.want("mixstream.stream.gaps", 1)
	o.want("mixstream.replay.events", 1)
	o.want("mixstream.delivery.events", 5)
	o.want("mixstream.delivery.lag", 1)
	if n := o.value("mixstream.delivery.size"); n < 5*50 || n > 5*200 {
		t.Errorf("%d bytes are delivered", n)
	}
	if data := o.metrics()["mixstream.replay.events"].Data.(metricdata.Histogram[int64]); data.DataPoints[0].Sum != 5 {
		t.Errorf("%d events are replayed", data.DataPoints[0].Sum)
	}
	o.publish(ctx, "s", "")
	o.want("mixstream.delivery.events", 7)
	o.want("mixstream.delivery.lag", 3)

	closeFresh()
	o.want("mixstream.stream.active", 1)
	closeResumed()
	o.want("mixstream.stream.active", 0)
	o.want("mixstream.stream.duration", 2, left)
	o.want("mixstream.replay.events", 1) // that of the fresh stream is none

	o.get("/stream?sessionId=nobody", "").Body.Close()
	o.get("/stream", "").Body.Close()
	o.want("mixstream.stream.refused", 1, attribute.Int("http.response.status_code", 404))
	o.want("mixstream.stream.refused", 1, attribute.Int("http.response.status_code", 400))
	if _, err := o.srv.Publish(ctx, "s", nil); err == nil {
		t.Error("published nothing")
	}
	o.wantInstruments()
}

// What is refused has a kind of error, of few, and does not count as published.
func TestErrorTypes(t *testing.T) {
	ctx := context.Background()
	log := &servertest.FaultyLog{Log: eventlog.NewMemory(eventlog.Retention{})}
	o := observe(t, servertest.Detached, server.WithLimits(server.Limits{EventSize: 100}), server.WithLog(log))
	o.publish(ctx, "s", "")
	o.publish(ctx, "gone", "")
	if _, err := o.srv.DeleteSession(ctx, "gone"); err != nil {
		t.Fatal(err)
	}
	fail := func(err error) func() (string, error) {
		return func() (string, error) {
			log.AppendErr = err
			defer func() { log.AppendErr = nil }()
			return o.srv.Publish(ctx, "s", &gen.ContentData{})
		}
	}
	for name, publish := range map[string]func() (string, error){
		"reserved_event":     func() (string, error) { return o.srv.Publish(ctx, "s", &gen.HeartbeatData{}) },
		"unknown_event":      func() (string, error) { return o.srv.PublishJSON(ctx, "s", "from outside", []byte("{}")) },
		"nil_event":          func() (string, error) { return o.srv.Publish(ctx, "s", nil) },
		"event_too_large":    func() (string, error) { return o.srv.Publish(ctx, "s", servertest.Content(strings.Repeat("x", 100))) },
		"invalid_event":      func() (string, error) { return o.srv.PublishJSON(ctx, "s", "content", []byte(`{"type":"content"}`)) },
		"invalid_session_id": func() (string, error) { return o.srv.Publish(ctx, "\n", &gen.ContentData{}) },
		"session_exists":     func() (string, error) { return o.srv.CreateSession(ctx, "s", "") },
		"session_deleted":    func() (string, error) { return o.srv.Publish(ctx, "gone", &gen.ContentData{}) },
		"session_not_found":  func() (string, error) { return o.srv.DeleteSession(ctx, "nobody") },
		"key_reused":         fail(eventlog.ErrKeyReused),
		"canceled":           fail(context.Canceled),
		"log_unavailable":    fail(fmt.Errorf("%w: %w", eventlog.ErrUnavailable, context.DeadlineExceeded)),
		"outcome_unknown":    fail(fmt.Errorf("%w: %w", eventlog.ErrOutcomeUnknown, context.DeadlineExceeded)),
		"deadline_exceeded":  fail(context.DeadlineExceeded),
		"_OTHER":             fail(errors.New("the disk is full")),
	} {
		if _, err := publish(); err == nil {
			t.Errorf("%s: published", name)
		}
		o.want("mixstream.publish.duration", 1, attribute.String("error.type", name))
		span := o.span("publish")
		if span.Status.Code != codes.Error || !slices.Contains(span.Attributes, attribute.String("error.type", name)) {
			t.Errorf("%s: the span has %+v and %v", name, span.Status, span.Attributes)
		}
	}
	o.want("mixstream.publish.events", 2, attribute.String("mixstream.event.name", "content"))
	o.want("mixstream.publish.events", 1, attribute.String("mixstream.event.name", "session_deleted"))
	if n := o.value("mixstream.publish.events", attribute.String("mixstream.event.name", "session_created")); n != 0 {
		t.Errorf("%d sessions are created", n)
	}
}

// wantInstruments expects the instruments that docs/observability.md has, and no more.
func (o *observed) wantInstruments() {
	o.t.Helper()
	var got []string
	for name, m := range o.metrics() {
		kind, attrs := "Histogram", make(map[string]bool)
		for _, p := range pointsOf(m) {
			for _, a := range p.set.ToSlice() {
				attrs["`"+string(a.Key)+"`"] = true
			}
		}
		switch data := m.Data.(type) {
		case metricdata.Gauge[int64]:
			kind = "Gauge"
		case metricdata.Sum[int64]:
			if kind = "UpDownCounter"; data.IsMonotonic {
				kind = "Counter"
			}
		}
		keys := slices.Sorted(maps.Keys(attrs))
		got = append(got, fmt.Sprintf("| %#q | %s | %#q | %s |", name, kind, m.Unit, strings.Join(keys, ", ")))
		if m.Description == "" {
			o.t.Errorf("%s has no description", name)
		}
	}
	page, err := os.ReadFile("../../docs/observability.md")
	if err != nil {
		o.t.Fatal(err)
	}
	var want []string
	for line := range strings.Lines(string(page)) {
		if strings.HasPrefix(line, "| `mixstream.") {
			cells := strings.Split(line, " | ")
			want = append(want, strings.TrimSuffix(strings.Join(cells[:4], " | ")+" |", " |")+" |")
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		o.t.Errorf("the instruments are\n%s\nbut the page says\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
