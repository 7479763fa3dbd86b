package otelstream

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// operation holds what all measurements of one operation need, so that none of them has to make
// it again.
type operation struct {
	attr     attribute.KeyValue
	adding   []metric.AddOption                          // with attr alone
	recorded []metric.RecordOption                       // with attr alone
	byEvent  sync.Map                                    // from the event's name to its []metric.AddOption
	ready    atomic.Pointer[func(context.Context) error] // nil: not observed
}

// operation returns the operation of an operationId. The first call for it starts its count of
// gaps at 0: an alert on the increase of a counter misses the step that creates it.
func (o *Observer) operation(id string) *operation {
	if known, ok := o.operations.Load(id); ok {
		return known.(*operation)
	}
	attr := operationIDKey.String(id)
	set := metric.WithAttributeSet(attribute.NewSet(attr))
	known, loaded := o.operations.LoadOrStore(id, &operation{attr: attr, adding: []metric.AddOption{set}, recorded: []metric.RecordOption{set}})
	op := known.(*operation)
	if !loaded {
		o.instruments.gaps.Add(context.Background(), 0, op.adding...)
	}
	return op
}

// event returns the options of a measurement with the event's name. Only the spec's names come
// here, so byEvent stays small.
func (op *operation) event(name string) []metric.AddOption {
	if name == "" {
		return op.adding
	}
	if known, ok := op.byEvent.Load(name); ok {
		return known.([]metric.AddOption)
	}
	known, _ := op.byEvent.LoadOrStore(name, []metric.AddOption{op.with(eventNameKey.String(name))})
	return known.([]metric.AddOption)
}

// with returns the option of a measurement with the operation and attrs as attributes.
func (op *operation) with(attrs ...attribute.KeyValue) metric.MeasurementOption {
	return metric.WithAttributeSet(attribute.NewSet(slices.Concat([]attribute.KeyValue{op.attr}, attrs)...))
}
