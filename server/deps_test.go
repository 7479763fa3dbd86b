package server_test

import (
	"testing"

	"github.com/mixstream/mixstream/internal/servertest"
)

// An application that imports the server compiles none of these packages.
func TestDependencies(t *testing.T) {
	servertest.Dependencies(t, "net/http", "nats", "pgx", "kin-openapi", "oapi-codegen", "opentelemetry", "mixstream/gen", "mixstream/mixstream/mix", "mixstream/client", "mixstream/cmd")
}
