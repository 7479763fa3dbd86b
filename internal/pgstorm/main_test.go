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
	code := m.Run()
	if code == 0 {
		if err := goleak.Find(); err != nil {
			println(err.Error())
			code = 1
		}
	}
	os.Exit(code)
}
