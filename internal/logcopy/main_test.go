package logcopy_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/mixstream/mixstream/internal/pgtest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	pgtest.StopShared()
	if code == 0 {
		if err := goleak.Find(); err != nil {
			println(err.Error())
			code = 1
		}
	}
	os.Exit(code)
}

// slow tells whether the slow tests are asked for.
func slow() bool { return os.Getenv("MIXSTREAM_SLOW") != "" }
