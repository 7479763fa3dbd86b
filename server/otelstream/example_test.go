package otelstream_test

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
	"github.com/mixstream/mixstream/server/otelstream"
)

// The metrics go to the providers that the application sets up, or gives.
func ExampleNew() {
	reader := metric.NewManualReader() // in production, one that exports
	observer, err := otelstream.New(otelstream.WithMeterProvider(metric.NewMeterProvider(metric.WithReader(reader))))
	if err != nil {
		fmt.Println(err)
		return
	}
	srv, err := mix.NewServer(server.WithObserver(observer))
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	for range 3 {
		if _, err := srv.Publish(ctx, "session-1", &gen.ContentData{Type: "content", Content: "Hello"}); err != nil {
			fmt.Println(err)
			return
		}
	}
	var collected metricdata.ResourceMetrics
	if err := reader.Collect(ctx, &collected); err != nil {
		fmt.Println(err)
		return
	}
	for _, m := range collected.ScopeMetrics[0].Metrics {
		if sum, ok := m.Data.(metricdata.Sum[int64]); ok {
			fmt.Println(m.Name, sum.DataPoints[0].Value, m.Unit)
		}
	}
	// Output:
	// mixstream.stream.gaps 0 {gap}
	// mixstream.publish.events 3 {event}
	// mixstream.publish.size 108 By
}
