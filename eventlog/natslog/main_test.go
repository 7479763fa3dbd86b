package natslog_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// slow tells whether the slow tests are asked for.
func slow() bool { return os.Getenv("MIXSTREAM_SLOW") != "" }
