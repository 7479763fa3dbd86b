package natslog_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// slow reports whether MIXSTREAM_SLOW=1 asks for the slow tests.
func slow() bool { return os.Getenv("MIXSTREAM_SLOW") != "" }
