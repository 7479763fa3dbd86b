package otelstream_test

import (
	"testing"

	"github.com/mixstream/mixstream/internal/servertest"
)

// Which SDK there is, if any, is for the application.
func TestDependencies(t *testing.T) {
	servertest.Dependencies(t, "go.opentelemetry.io/otel/metric", "opentelemetry.io/otel/sdk", "opentelemetry.io/otel/exporters", "nats", "kin-openapi", "mixstream/gen")
}
