package otelstream

import (
	"context"

	"go.opentelemetry.io/otel/metric"
)

// ObserveReady adds the metric mixstream.server.ready of an operation: 1 if ready returns nil,
// and otherwise 0. The function ready is [server.Server.Ready]. The SDK calls it whenever it
// collects metrics:
//
//	observer.ObserveReady(api.OrderEvents.ID, srv.Ready)
//
// ObserveReady also starts mixstream.stream.gaps of the operation at 0, so that an alert on its
// increase sees the first gap. Without it, that metric begins with the first publication or
// stream. A second call for an operation replaces the function of the first.
func (o *Observer) ObserveReady(operation string, ready func(context.Context) error) {
	o.operation(operation).ready.Store(&ready)
}

// measureReady makes the instrument of ObserveReady, once for all operations: an SDK drops the
// callback of a second one.
func (o *Observer) measureReady(m metric.Meter) error {
	_, err := m.Int64ObservableGauge("mixstream.server.ready", metric.WithUnit("{server}"),
		metric.WithDescription("Whether the server is ready: 1 if its log can be reached and appended to, and it is not shutting down."),
		metric.WithInt64Callback(func(ctx context.Context, to metric.Int64Observer) error {
			for _, known := range o.operations.Range {
				op := known.(*operation)
				ready := op.ready.Load()
				if ready == nil {
					continue
				}
				var value int64
				if (*ready)(ctx) == nil {
					value = 1
				}
				to.Observe(value, op.with())
			}
			return nil
		}))
	return err
}
