package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/contract/eventjson"
)

// Another contract, as generated code would describe it. It has no events of the server's own.

// orderEvent is an event of orderEvents.
type orderEvent interface{ isOrderEvent() }

type (
	orderPlaced  struct{ Total int }
	orderNote    struct{ Value string } // its data is plain text
	orderMessage struct{ Value string } // it has no name
	orderUnknown contract.Unknown
)

func (*orderPlaced) isOrderEvent()  {}
func (*orderNote) isOrderEvent()    {}
func (*orderMessage) isOrderEvent() {}
func (*orderUnknown) isOrderEvent() {}

// orderParams are the parameters of orderEvents.
type orderParams struct {
	Order  string   // path
	Kinds  []string // query
	Tenant string   // header
}

// orderEvents is GET /orders/{orderId}/events.
var orderEvents = contract.Operation[orderParams, orderEvent]{
	ID: "orderEvents", Method: http.MethodGet, Path: "/orders/{orderId}/events",
	Session: contract.Param{In: "path", Name: "orderId"},
	Requests: &contract.Requests[orderParams]{
		New: func(ctx context.Context, baseURL string, p orderParams) (*http.Request, error) {
			query := url.Values{"kind": p.Kinds}.Encode()
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, baseURL+"/orders/"+url.PathEscape(p.Order)+"/events?"+query, nil)
			if err == nil {
				r.Header.Set("X-Tenant", p.Tenant)
			}
			return r, err
		},
		Session: func(p orderParams) string { return p.Order },
	},
	Events: &contract.Events[orderEvent]{
		Names: []string{"placed", "note", ""},
		Decode: func(name string, data []byte, unmarshal func([]byte, any) error) (orderEvent, error) {
			switch name {
			case "placed":
				v := new(orderPlaced)
				return v, decode(name, data, v, unmarshal)
			case "note":
				v := new(orderNote)
				return v, decode(name, data, &v.Value, unmarshal)
			case "":
				v := new(orderMessage)
				return v, decode(name, data, &v.Value, unmarshal)
			}
			return nil, contract.ErrUnknownEvent
		},
		Encode: func(b []byte, event orderEvent) (string, []byte, error) {
			switch event := event.(type) {
			case nil:
				return "", nil, contract.ErrNilEvent
			case *orderPlaced:
				e := eventjson.NewEncoder(b)
				e.JSON(event)
				data, err := contract.Encoded("placed", &e)
				return "placed", data, err
			}
			return "", nil, contract.ErrUnknownEvent
		},
		Unknown: func(u contract.Unknown) orderEvent { return (*orderUnknown)(&u) },
		Text:    func(name string) bool { return name == "note" },
	},
}

// decode stands for the generated decoders: it decodes by encoding/json if unmarshal is nil.
func decode(name string, data []byte, v any, unmarshal func([]byte, any) error) error {
	if unmarshal == nil {
		unmarshal = json.Unmarshal
	}
	return contract.Unmarshal(name, data, v, unmarshal)
}

// answerEvent is an event of createAnswer. The data has its name.
type answerEvent interface{ isAnswerEvent() }

type (
	answerDelta struct {
		Text     string `json:"text"`
		Sequence int    `json:"sequence"`
	}
	answerDone    struct{}
	answerUnknown contract.Unknown
)

func (*answerDelta) isAnswerEvent()   {}
func (*answerDone) isAnswerEvent()    {}
func (*answerUnknown) isAnswerEvent() {}

// answerParams is the body of createAnswer.
type answerParams struct {
	Prompt string `json:"prompt"`
	Stream bool   `json:"stream"`
}

// createAnswer is POST /answers.
var createAnswer = contract.Operation[answerParams, answerEvent]{
	ID: "createAnswer", Method: http.MethodPost, Path: "/answers",
	Requests: &contract.Requests[answerParams]{
		New: func(ctx context.Context, baseURL string, p answerParams) (*http.Request, error) {
			body, err := json.Marshal(p)
			if err != nil {
				return nil, err
			}
			r, err := http.NewRequestWithContext(ctx, http.MethodPost, baseURL+"/answers", bytes.NewReader(body))
			if err == nil {
				r.Header.Set("Content-Type", "application/json")
			}
			return r, err
		},
	},
	Events: &contract.Events[answerEvent]{
		Names:  []string{"delta", "done"},
		NameIn: "type",
		Decode: func(name string, data []byte, unmarshal func([]byte, any) error) (answerEvent, error) {
			switch name {
			case "delta":
				v := new(answerDelta)
				return v, decode(name, data, v, unmarshal)
			case "done":
				return new(answerDone), nil
			}
			return nil, contract.ErrUnknownEvent
		},
		Encode:  func([]byte, answerEvent) (string, []byte, error) { return "", nil, contract.ErrUnknownEvent },
		Unknown: func(u contract.Unknown) answerEvent { return (*answerUnknown)(&u) },
	},
}

// delta and done are events of an answer on the wire, without name and id.
func delta(n int64) string { return fmt.Sprintf("data: {\"sequence\":%d,\"type\":\"delta\"}\n\n", n) }

const done = "data: {\"type\":\"done\"}\n\n"

// placed is an event of an order on the wire; it has no id if that is empty.
func placed(id string) string {
	if id != "" {
		id = "id: " + id + "\n"
	}
	return "event: placed\ndata: {\"Total\":5}\n" + id + "\n"
}

// at is the header of an answer that tells a position.
func at(id string) []string { return []string{"Last-Event-ID", id} }

func quick(opts []client.Option) []client.Option {
	return append([]client.Option{client.WithRetryPolicy(fast)}, opts...)
}

// orders opens a stream of orders.
func (s *fakeServer) orders(opts ...client.Option) (*client.Stream[orderEvent], error) {
	s.t.Helper()
	c, err := client.New(orderEvents, s.URL, quick(nil)...)
	if err != nil {
		s.t.Fatal(err)
	}
	stream, err := c.Open(s.t.Context(), orderParams{Order: "7"}, opts...)
	if err == nil {
		s.t.Cleanup(func() { stream.Close() })
	}
	return stream, err
}

// answers opens a stream of an answer.
func (s *fakeServer) answers(opts ...client.Option) (*client.Stream[answerEvent], error) {
	s.t.Helper()
	c, err := client.New(createAnswer, s.URL, quick(nil)...)
	if err != nil {
		s.t.Fatal(err)
	}
	stream, err := c.Open(s.t.Context(), answerParams{Prompt: "hi", Stream: true}, opts...)
	if err == nil {
		s.t.Cleanup(func() { stream.Close() })
	}
	return stream, err
}

// opened fails the test if a stream did not open.
func opened[E any](t *testing.T) func(*client.Stream[E], error) *client.Stream[E] {
	return func(s *client.Stream[E], err error) *client.Stream[E] {
		t.Helper()
		if err != nil {
			t.Fatalf("opening: %v", err)
		}
		return s
	}
}

// read reads a stream to its end and returns its events as "name id".
func read[E any](s *client.Stream[E]) []string {
	var all []string
	for s.Next() {
		all = append(all, s.Event().Name+" "+s.Event().ID)
	}
	return all
}

func wantRead[E any](t *testing.T, s *client.Stream[E], want ...string) {
	t.Helper()
	if got := read(s); !slices.Equal(got, want) {
		t.Errorf("events:\n got %q\nwant %q, error %v", got, want, s.Err())
	}
}

// wantEnd wants these events and a clean end. See wantNames in server_test.go.
func wantEnd[E any](t *testing.T, s *client.Stream[E], want ...string) {
	t.Helper()
	if wantRead(t, s, want...); s.Err() != nil {
		t.Errorf("end: %v", s.Err())
	}
}

// TestForeignRequest sends each kind of parameter.
func TestForeignRequest(t *testing.T) {
	server := serve(t, over)
	c, err := client.New(orderEvents, server.URL+"/v2", client.WithHeader("X-A", "1"))
	if err != nil {
		t.Fatal(err)
	}
	edited := client.WithRequestEditor(func(_ context.Context, r *http.Request) error {
		r.Header.Set("X-B", r.URL.Path)
		return nil
	})
	s := opened[orderEvent](t)(c.Open(t.Context(), orderParams{Order: "a/b", Kinds: []string{"x", "y"}, Tenant: "acme"}, client.After("41"), edited))
	defer s.Close()
	wantEnd(t, s)
	r := server.Requests()[0]
	if r.Method != http.MethodGet || r.URL.EscapedPath() != "/v2/orders/a%2Fb/events" || r.URL.RawQuery != "kind=x&kind=y" {
		t.Errorf("request: %s %s", r.Method, r.URL)
	}
	for key, want := range map[string]string{"X-Tenant": "acme", "Last-Event-Id": "41", "Accept": "text/event-stream", "X-A": "1", "X-B": "/v2/orders/a/b/events"} {
		if got := r.Header.Get(key); got != want {
			t.Errorf("%s: %q, want %q", key, got, want)
		}
	}

	server = serve(t, over)
	wantEnd(t, opened[answerEvent](t)(server.answers()))
	r = server.Requests()[0]
	body, err := io.ReadAll(r.Body)
	if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" || string(body) != `{"prompt":"hi","stream":true}` || err != nil {
		t.Errorf("request: %s %s with %s, %v", r.Method, r.URL, body, err)
	}
}

// New refuses a wrong descriptor before it makes a connection.
func TestForeignRefused(t *testing.T) {
	requestless, eventless := orderEvents, orderEvents
	requestless.Requests, eventless.Events = nil, nil
	if _, err := client.New(requestless, "http://host"); err == nil || !strings.Contains(err.Error(), `"orderEvents" makes no requests`) {
		t.Errorf("without requests: %v", err)
	}
	if _, err := client.New(eventless, "http://host"); err == nil || !strings.Contains(err.Error(), "no events") {
		t.Errorf("without events: %v", err)
	}
	server := serve(t, over)
	c, err := client.New(orderEvents, server.URL)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Open(t.Context(), orderParams{}); err == nil || !strings.Contains(err.Error(), "orderId") {
		t.Errorf("without a session: %v", err)
	}
	broken := orderEvents
	broken.Requests = &contract.Requests[orderParams]{New: func(context.Context, string, orderParams) (*http.Request, error) {
		return nil, strconv.ErrRange
	}}
	if c, err = client.New(broken, server.URL); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Open(t.Context(), orderParams{Order: "7"}); err == nil || strings.Count(err.Error(), "client: ") != 1 {
		t.Errorf("a request that cannot be made: %v", err)
	}
	if server.Connections() > 0 {
		t.Error("a request was made")
	}
}

// The events of TestForeignEvents have names, no names, and text.
func TestForeignEvents(t *testing.T) {
	server := serve(t, send(placed("1")+"event: note\ndata: two \"lines\"\ndata: <of> text\nid: 2\n\n"+
		"data: \"unnamed\"\nid: 3\n\n"+"event: other\ndata: {}\nid: 4\n\n"+"event: placed\ndata: nonsense\nid: 5\n\n"), over)
	s := opened[orderEvent](t)(server.orders())
	var got []string
	for event, err := range s.All() {
		if err != nil {
			t.Fatal(err)
		}
		switch data := event.Data.(type) {
		case *orderPlaced:
			got = append(got, "placed "+strconv.Itoa(data.Total))
		case *orderNote:
			got = append(got, "note "+data.Value+" raw "+string(s.Raw()))
		case *orderMessage:
			got = append(got, "message "+data.Value)
		case *orderUnknown:
			got = append(got, fmt.Sprintf("unknown %s %s %t", data.Name, data.Data, data.Err != nil))
		}
	}
	want := []string{"placed 5", "note two \"lines\"\n<of> text raw two \"lines\"\n<of> text", "message unnamed", "unknown other {} false", "unknown placed nonsense true"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

// The client finds the name in the data, and keeps that of the field if the data has none.
func TestNameInData(t *testing.T) {
	server := serve(t, send("data: {\"x\":{\"type\":\"no\"},\"type\" : \"delta\",\"text\":\"a\"}\n\n"+
		"event: ping\ndata: {}\n\n"+"event: other\ndata: {\"type\":\"delta\"}\n\n"+"data: {\"type\":\"later\"}\n\n"+done))
	wantEnd(t, opened[answerEvent](t)(server.answers(client.UntilEvent("done"))), "delta ", "ping ", "delta ", "later ", "done ")
}
