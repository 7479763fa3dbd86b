package logcopy_test

import (
	"os"
	"testing"

	"github.com/mixstream/mixstream/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// slow tells whether the slow tests are asked for.
func slow() bool { return os.Getenv("MIXSTREAM_SLOW") != "" }
