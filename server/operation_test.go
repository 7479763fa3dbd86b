package server_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/contract/eventjson"
	"github.com/mixstream/mixstream/contract/jsonschema"
	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/server"
)

// fact is an event of a foreign contract: one that is not this repository's, as eventgen
// generates it.
type fact interface{ isFact() }

type (
	// placed is the event placed. Its lines are required.
	placed struct {
		ID    string   `json:"id"`
		Lines []string `json:"lines"`
	}
	// note is the event note. Its data is text.
	note struct{ Value string }
	// nameless is the event without a name.
	nameless struct {
		Text string `json:"text"`
	}
	unknownFact contract.Unknown
)

func (*placed) isFact()      {}
func (*note) isFact()        {}
func (*nameless) isFact()    {}
func (*unknownFact) isFact() {}

var factSchemas = jsonschema.Schemas{
	"placed": {Types: []string{"object"}, Required: []string{"id", "lines"}, Properties: []jsonschema.Property{
		{Name: "id", Schema: jsonschema.Schema{Types: []string{"string"}}},
		{Name: "lines", Schema: jsonschema.Schema{Types: []string{"array"}}},
	}},
	"note": {Types: []string{"string"}},
	"text": {Types: []string{"object"}, Required: []string{"text"}},
}

var factRules = map[string]*jsonschema.Rules{
	"placed": {All: &factSchemas, Schema: "placed", Type: (*placed)(nil)},
	"note":   {All: &factSchemas, Schema: "note", Type: (*string)(nil)},
	"":       {All: &factSchemas, Schema: "text", Type: (*nameless)(nil)},
}

var facts = contract.Events[fact]{
	Names: []string{"placed", "note", ""},
	Decode: func(name string, data []byte, unmarshal func([]byte, any) error) (fact, error) {
		if unmarshal == nil {
			unmarshal = json.Unmarshal
		}
		switch name {
		case "placed":
			event := new(placed)
			return event, contract.Unmarshal(name, data, event, unmarshal)
		case "note":
			event := new(note)
			return event, contract.Unmarshal(name, data, &event.Value, unmarshal)
		case "":
			event := new(nameless)
			return event, contract.Unmarshal(name, data, event, unmarshal)
		}
		return nil, contract.ErrUnknownEvent
	},
	Encode: func(b []byte, event fact) (name string, data []byte, err error) {
		var value any
		switch event := event.(type) {
		case *placed:
			name, value = "placed", event
		case *note:
			name, value = "note", event.Value
		case *nameless:
			value = event
		case nil:
			return "", nil, contract.ErrNilEvent
		default:
			return "", nil, contract.ErrUnknownEvent
		}
		e := eventjson.NewEncoder(b)
		e.JSON(value)
		data, err = contract.Encoded(name, &e)
		return name, data, err
	},
	Rules:   func(name string) *jsonschema.Rules { return factRules[name] },
	Unknown: func(u contract.Unknown) fact { return (*unknownFact)(&u) },
	AsUnknown: func(event fact) *contract.Unknown {
		u, _ := event.(*unknownFact)
		return (*contract.Unknown)(u)
	},
	Text: func(name string) bool { return name == "note" },
}

type foreignOperation = contract.Operation[struct{}, fact]

var (
	orderEvents = foreignOperation{
		ID: "orderEvents", Method: "GET", Path: "/orders/{orderId}/events", Namespace: "orderEvents",
		Session: contract.Param{In: "path", Name: "orderId"}, Events: &facts,
	}
	stockEvents = foreignOperation{
		ID: "stockEvents", Method: "GET", Path: "/stock", Namespace: "stockEvents",
		Session: contract.Param{In: "query", Name: "warehouse"}, Events: &facts,
		Position: contract.Param{In: "query", Name: "after"},
	}
	createAnswer = foreignOperation{
		ID: "createAnswer", Method: "POST", Path: "/answers", Namespace: "createAnswer",
		Session: contract.Param{In: "header", Name: "Answer-Id"}, Events: &facts,
	}
)

const orderSeven = "/orders/7/events"

func newForeign(t testing.TB, m servertest.Mode, op foreignOperation, opts ...server.Option) *server.Server[fact] {
	t.Helper()
	srv, err := server.New(op, append(m.Options(), opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { servertest.ShutNow(srv) })
	return srv
}

// tell publishes an event of the foreign contract.
func tell(t testing.TB, srv *server.Server[fact], session string, event fact) (id string) {
	t.Helper()
	id, err := srv.Publish(t.Context(), session, event)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func order(id string) *placed { return &placed{ID: id, Lines: []string{}} }

// tellN publishes n orders.
func tellN(t testing.TB, srv *server.Server[fact], session string, n int) (ids []string) {
	t.Helper()
	for range n {
		ids = append(ids, tell(t, srv, session, order("a")))
	}
	return ids
}

// wire is a stream that a test reads line by line.
type wire struct {
	t   testing.TB
	res *http.Response
	in  *bufio.Reader
}

func (w *wire) status(want int) {
	w.t.Helper()
	if w.res.StatusCode != want {
		body, _ := io.ReadAll(w.in)
		w.t.Fatalf("%s: %s; want %d", w.res.Status, body, want)
	}
}

// line returns the next line.
func (w *wire) line() string {
	w.t.Helper()
	line, err := w.in.ReadString('\n')
	if err != nil {
		w.t.Fatalf("after %q: %v", line, err)
	}
	return strings.TrimSuffix(line, "\n")
}

// want expects these lines.
func (w *wire) want(lines ...string) {
	w.t.Helper()
	for i, want := range lines {
		if got := w.line(); got != want {
			w.t.Fatalf("line %d is %q, want %q", i, got, want)
		}
	}
}

// order expects the event placed with the id. An empty retry expects no reconnection time.
func (w *wire) order(id, retry string) {
	w.t.Helper()
	w.want("event: placed")
	if retry != "" {
		w.want("retry: " + retry)
	}
	w.want(`data: {"id":"a","lines":[]}`, "id: "+id, "")
}

// retryLine expects a line with a reconnection time of at least that many milliseconds.
func (w *wire) retryLine(least int) {
	w.t.Helper()
	text, ok := strings.CutPrefix(w.line(), "retry: ")
	if !ok || int(servertest.Number(w.t, text)) < least {
		w.t.Fatalf("got %q, want a retry line of %d ms or more", text, least)
	}
}

// end expects the clean end.
func (w *wire) end() {
	w.t.Helper()
	if rest := w.rest(); rest != "" {
		w.t.Fatalf("got %q, want the end", rest)
	}
}

// problem expects an error of RFC 9457 and returns its detail.
func (w *wire) problem(status int) string {
	w.t.Helper()
	w.status(status)
	if got := w.res.Header.Get("Content-Type"); got != "application/problem+json" {
		w.t.Errorf("Content-Type: %s", got)
	}
	var body struct {
		Title, Detail string
		Status        int
	}
	if err := json.NewDecoder(w.in).Decode(&body); err != nil {
		w.t.Fatal(err)
	}
	if body.Title != http.StatusText(status) || body.Status != status || body.Detail == "" {
		w.t.Errorf("got %+v, want a problem of status %d", body, status)
	}
	return body.Detail
}

// rest returns what comes until the clean end.
func (w *wire) rest() string {
	w.t.Helper()
	rest, err := io.ReadAll(w.in)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(rest)
}

// ask sends a request of the foreign contract, after a position unless that is empty.
func ask(t testing.TB, ts *httptest.Server, target, after string) *wire {
	t.Helper()
	var ids []string
	if after != "" {
		ids = []string{after}
	}
	return newWire(t, servertest.Get(t, ts, ts.URL+target, ids...))
}

func newWire(t testing.TB, res *http.Response) *wire {
	return &wire{t, res, bufio.NewReader(res.Body)}
}

// listen opens a stream and expects the position at which it begins, and its first lines.
func listen(t testing.TB, ts *httptest.Server, target, after, position string, first ...string) *wire {
	t.Helper()
	w := ask(t, ts, target, after)
	w.status(http.StatusOK)
	if got := w.res.Header.Get("Last-Event-ID"); got != position {
		t.Fatalf("the stream begins at %q, want %q", got, position)
	}
	if got := w.res.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Fatalf("Content-Type: %s", got)
	}
	w.want(first...)
	return w
}

// end ends a session and returns the position of its end.
func end(t testing.TB, srv *server.Server[fact], session string) (id string) {
	t.Helper()
	id, err := srv.DeleteSession(t.Context(), session)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// shortLog returns a log that retains few events.
func shortLog() eventlog.Log { return eventlog.NewMemory(eventlog.Retention{Entries: 3}) }

func TestOperationsThatCannotBeServed(t *testing.T) {
	for name, spoil := range map[string]func(*foreignOperation){
		"no events":            func(op *foreignOperation) { op.Events = nil },
		"no such parameter":    func(op *foreignOperation) { op.Session.Name = "id" },
		"a session elsewhere":  func(op *foreignOperation) { op.Session.In = "body" },
		"a name of two lines":  func(op *foreignOperation) { op.Events = renamed("a\nb") },
		"a name of the log's":  func(op *foreignOperation) { op.Events = renamed("mixstream.x") },
		"a control event":      func(op *foreignOperation) { op.Control = &contract.Control{Gap: contract.ControlEvent{Name: "a\nb"}} },
		"a namespace in lines": func(op *foreignOperation) { op.Namespace = "a\nb" },
	} {
		op := orderEvents
		spoil(&op)
		if srv, err := server.New(op); err == nil || srv != nil || !strings.HasPrefix(err.Error(), "server: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, opt := range []server.Option{server.WithNamespace("a\x1fb"), server.WithErrorBody(nil)} {
		if _, err := server.New(orderEvents, opt); err == nil {
			t.Error("an option that makes no sense is taken")
		}
	}
}

// renamed returns the events of the foreign contract with one more name.
func renamed(name string) *contract.Events[fact] {
	events := facts
	events.Names = append([]string{name}, facts.Names...)
	return &events
}

// The server checks a Go value before it publishes it.
func TestPublishChecksEvents(t *testing.T) {
	srv := newForeign(t, servertest.Detached, orderEvents)
	var misfit *contract.InvalidEventError
	var refused *server.PublishError
	if _, err := srv.Publish(t.Context(), "7", &placed{ID: "a"}); !errors.As(err, &misfit) || !errors.As(err, &refused) || misfit.Path != "/lines" {
		t.Errorf("null for a required list: %v", err)
	}
	if _, err := srv.PublishJSON(t.Context(), "7", "placed", []byte(`{"id":"a"}`)); !errors.As(err, &misfit) {
		t.Errorf("JSON without a required list: %v", err)
	}
	if _, err := srv.Publish(t.Context(), "7", &note{"a\rb"}); !errors.As(err, &misfit) {
		t.Errorf("text that a stream would change: %v", err)
	}
	for _, event := range []fact{nil, &unknownFact{Name: "x"}} {
		if _, err := srv.Publish(t.Context(), "7", event); !errors.As(err, &refused) {
			t.Errorf("%v: %v", event, err)
		}
	}
	if _, err := srv.PublishJSON(t.Context(), "7", "mixstream.session_deleted", []byte(`{"sessionId":"7"}`)); !errors.Is(err, contract.ErrUnknownEvent) {
		t.Errorf("an entry of the log itself: %v", err)
	}
	loose := newForeign(t, servertest.Detached, orderEvents, server.WithoutEventChecks())
	if _, err := loose.Publish(t.Context(), "7", &placed{ID: "a"}); err != nil {
		t.Errorf("unchecked: %v", err)
	}
}
