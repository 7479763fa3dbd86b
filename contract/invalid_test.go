package contract_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/mixstream/mixstream/contract"
)

// An error repeats the beginning of a long text, cut between two characters.
func TestErrorsAreBounded(t *testing.T) {
	huge := strings.Repeat("é", 1<<20)
	for what, err := range map[string]error{
		"event":  &contract.InvalidEventError{Event: huge, Reason: "r"},
		"path":   &contract.InvalidEventError{Event: "e", Path: "/" + huge, Reason: "r"},
		"reason": &contract.InvalidEventError{Event: "e", Reason: huge},
	} {
		if text := err.Error(); len(text) > 2<<10 || !utf8.ValidString(text) || !strings.Contains(text, " bytes)") {
			t.Errorf("%s: %.300s", what, text)
		}
	}
}

func TestNotImplemented(t *testing.T) {
	if got := (&contract.NotImplementedError{Operation: "listOrders"}).Error(); got != "operation listOrders is not implemented" {
		t.Errorf("got %q", got)
	}
}
