package pglog_test

import (
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog/pglog"
)

// A limit that is not set trims nothing, nor does one that is not reached beside it.
func TestNoLimit(t *testing.T) {
	for name, limits := range map[string]pglog.Retention{
		"none":    {Entries: -1, Bytes: -1, Age: -1},
		"entries": {Bytes: -1, Age: -1},
		"bytes":   {Entries: -1, Age: -1},
		"age":     {Entries: -1, Bytes: -1, Age: time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRetained(t, limits)
			reader := r.follow(own("a"))
			floor, _ := reader.bounds()
			r.append(own("a"), "1")
			r.append(own("a"), "2")
			r.append(own("b"), "3")
			r.retain()
			reader.expect(floor, "1", "2")
		})
	}
}
