package server_test

import (
	"errors"
	"testing"

	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/server"
)

// An event whose data is the sentinel would be taken for the end, and be lost.
func TestSentinelIsNoEvent(t *testing.T) {
	op := noted(orderEvents)
	op.End.Events = nil
	other := op
	other.End.Data = `{"id":"a","lines":[]}`
	for name, test := range map[string]struct {
		op    foreignOperation
		event fact
		opts  []server.Option
	}{
		"text":                              {op, &note{"[DONE]"}, nil},
		"an option":                         {op, &note{"bye"}, []server.Option{server.WithSentinel("bye")}},
		"readers have it from the contract": {op, &note{"[DONE]"}, []server.Option{server.WithSentinel("")}},
		"JSON":                              {other, order("a"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			srv := newForeign(t, test.op, append(test.opts, server.WithEventChecks(false))...)
			var invalid *contract.InvalidEventError
			if _, err := srv.Publish(t.Context(), "7", test.event); !errors.As(err, &invalid) {
				t.Errorf("error: %v", err)
			}
			tell(t, srv, "7", &note{"[DONE] "})
		})
	}
	srv := newForeign(t, other)
	if _, err := srv.PublishJSON(t.Context(), "7", "placed", []byte(`{"id": "a", "lines": []}`)); err == nil {
		t.Error("PublishJSON takes the sentinel with spaces")
	}
}
