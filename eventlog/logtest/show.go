package logtest

import (
	"fmt"
	"strings"

	"github.com/mixstream/mixstream/eventlog"
)

// show formats entries for the message of a failed test. It leaves out the middle of a
// long list.
func show(entries []eventlog.Entry) string {
	const ends = 8
	var b strings.Builder
	fmt.Fprintf(&b, "%d [", len(entries))
	for i, e := range entries {
		if i == ends && len(entries) > 2*ends {
			b.WriteString(" ...")
		}
		if i >= ends && i < len(entries)-ends {
			continue
		}
		fmt.Fprintf(&b, " %d:%s%.40s", e.ID, e.Name, e.Data)
	}
	return b.String() + " ]"
}
