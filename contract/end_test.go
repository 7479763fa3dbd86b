package contract_test

import (
	"testing"

	"github.com/mixstream/mixstream/contract"
)

func TestEndAfter(t *testing.T) {
	for _, test := range []struct {
		events []string
		name   string
		want   bool
	}{
		{nil, "", false},
		{nil, "done", false},
		{[]string{"done", "failed"}, "failed", true},
		{[]string{"done"}, "Done", false},
		{[]string{"done"}, "", false},
		{[]string{""}, "message", true},
		{[]string{"message"}, "", true},
	} {
		if got := (contract.End{Events: test.events}).After(test.name); got != test.want {
			t.Errorf("%q after %q: %t", test.events, test.name, got)
		}
	}
}
