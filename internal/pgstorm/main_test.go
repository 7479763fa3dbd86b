package pgstorm_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// replicaEnv makes the test binary a replica. Its value is the JSON of a job.
const replicaEnv = "MIXSTREAM_TEST_PGSTORM"

func TestMain(m *testing.M) {
	if job := os.Getenv(replicaEnv); job != "" {
		runReplica(job)
		return
	}
	goleak.VerifyTestMain(m)
}
