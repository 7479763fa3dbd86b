package otelstream_test

import (
	"testing"

	"go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
	"github.com/mixstream/mixstream/server/otelstream"
)

// What a publish costs with the SDK behind it, but nothing that exports.
func BenchmarkPublish(b *testing.B) {
	meters := metric.NewMeterProvider(metric.WithReader(metric.NewManualReader()))
	tracers := sdktrace.NewTracerProvider()
	for _, bench := range []struct {
		name    string
		options []otelstream.Option
	}{
		{"metrics", []otelstream.Option{otelstream.WithoutPublishSpans()}},
		{"metrics and spans", nil},
	} {
		b.Run(bench.name, func(b *testing.B) {
			observer, err := otelstream.New(append(bench.options, otelstream.WithMeterProvider(meters), otelstream.WithTracerProvider(tracers))...)
			if err != nil {
				b.Fatal(err)
			}
			srv, err := mix.NewServer(server.WithObserver(observer))
			if err != nil {
				b.Fatal(err)
			}
			event := &gen.ContentData{Type: "content", Content: " token"}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := srv.Publish(b.Context(), "s", event); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
