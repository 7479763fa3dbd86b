package pgstream_test

import (
	"testing"

	"github.com/mixstream/mixstream/internal/servertest"
)

// It adds pgx to an application, and nothing else.
func TestDependencies(t *testing.T) {
	servertest.Dependencies(t, "github.com/jackc/pgx/v5", "pgx/v5/stdlib", "nats", "opentelemetry", "kin-openapi", "mixstream/gen", "mixstream/mixstream/mix")
}
