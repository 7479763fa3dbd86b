// Package servertest has what the tests of several packages share: servers in both modes,
// readers of streams, logs that fail, observers, and ways to wait and to measure.
package servertest

import (
	"flag"
	"testing"

	"go.uber.org/goleak"
)

// Main runs the tests of a package and fails if they leak a goroutine. It lets more tests run
// at a time than there are processors, because most of them wait.
func Main(m *testing.M) {
	flag.Parse()
	if f := flag.Lookup("test.parallel"); f.Value.String() == f.DefValue {
		_ = f.Value.Set("8")
	}
	goleak.VerifyTestMain(m)
}
