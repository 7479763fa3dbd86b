package client_test

import (
	"errors"
	"testing"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/streamtest"
)

// The end that the contract names is clean, and options add to it.
func TestEndOfContract(t *testing.T) {
	text := delta(1) + delta(2) + "data: [DONE]\n\n" + done + delta(4)
	deltas := []string{"delta ", "delta "}
	for name, test := range map[string]struct {
		end    contract.End
		opts   []client.Option
		events []string
	}{
		"a sentinel":          {contract.End{Data: "[DONE]"}, nil, deltas},
		"an event":            {contract.End{Events: []string{"x", "done"}}, nil, append(deltas[:2:2], " ", "done ")},
		"both":                {contract.End{Data: "[DONE]", Events: []string{"done"}}, nil, deltas},
		"no name":             {contract.End{Events: []string{"message"}}, nil, append(deltas[:2:2], " ")},
		"an option beside it": {contract.End{Events: []string{"done"}}, []client.Option{client.UntilEvent("delta")}, deltas[:1]},
		"data beside it":      {contract.End{Events: []string{"done"}}, []client.Option{client.UntilData("[DONE]")}, deltas},
		"replaced":            {contract.End{}, []client.Option{client.UntilEvent("done")}, append(deltas[:2:2], " ", "done ")},
	} {
		t.Run(name, func(t *testing.T) {
			op := createAnswer
			op.End = test.end
			server := serve(t, quiet(text))
			s := openOf(t, server, op, answerParams{}, test.opts...)
			if wantEnd(t, s, test.events...); server.Connections() != 1 || s.Next() {
				t.Errorf("%d connections", server.Connections())
			}
		})
	}
}

// The end counts for Read as well, and on a connection that resumes.
func TestEndOfContractLater(t *testing.T) {
	op := createAnswer
	op.End = contract.End{Events: []string{"done"}}
	server := serve(t, cut(delta(1)), quiet(delta(2)+done))
	s := client.Read(t.Context(), op, server.ask, quick(nil)...)
	defer s.Close()
	wantEnd(t, s, "delta ", "delta ", "done ")

	orders := orderEvents
	orders.End = contract.End{Data: "bye"}
	server = serve(t, cut(placed("1")), streamtest.Script{streamtest.Open(), streamtest.Send(placed("2") + "data: bye\nid: 3\n\n"), streamtest.Hold()})
	wantEnd(t, openOf(t, server, orders, orderParams{Order: "7"}), "placed 1", "placed 2")
}

// Without an end in the contract, no event ends the stream.
func TestNoEndOfContract(t *testing.T) {
	s := openOf(t, serve(t, stream("data: [DONE]\n\n"+done)), createAnswer, answerParams{})
	if wantRead(t, s, " ", "done "); !errors.Is(s.Err(), client.ErrNotResumable) {
		t.Errorf("error: %v", s.Err())
	}
}

// openOf opens a stream of an operation, and fails the test if it does not open.
func openOf[P, E any](t *testing.T, server *fakeServer, op contract.Operation[P, E], params P, opts ...client.Option) *client.Stream[E] {
	t.Helper()
	c, err := client.New(op, server.URL, quick(nil)...)
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.Open(t.Context(), params, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}
