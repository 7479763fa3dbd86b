package contract_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/contract/jsonschema"
)

// event is the interface of an operation's events, as eventgen writes it.
type event interface{ isEvent() }

type (
	ping    struct{ N int }
	unknown contract.Unknown
	params  struct{ ID string }
)

func (*ping) isEvent()    {}
func (*unknown) isEvent() {}

var pingRules = jsonschema.Rules{Schema: "Ping", Type: (*ping)(nil), All: &jsonschema.Schemas{
	"Ping": {Required: []string{"N"}, Properties: []jsonschema.Property{{Name: "N", Schema: jsonschema.Schema{Maximum: "9"}}}},
}}

var pings = contract.Operation[params, event]{
	ID: "watch", Method: http.MethodGet, Path: "/watch/{id}", Session: contract.Param{In: "path", Name: "id"},
	Requests: &contract.Requests[params]{
		New: func(ctx context.Context, baseURL string, p params) (*http.Request, error) {
			return http.NewRequestWithContext(ctx, http.MethodGet, contract.BaseURL(baseURL)+"watch/"+p.ID, nil)
		},
		Session: func(p params) string { return p.ID },
	},
	Events: &contract.Events[event]{
		Names: []string{"ping"},
		Decode: func(name string, data []byte, unmarshal func([]byte, any) error) (event, error) {
			if name != "ping" {
				return nil, contract.ErrUnknownEvent
			}
			e := new(ping)
			if unmarshal == nil {
				unmarshal = json.Unmarshal
			}
			return e, contract.Unmarshal(name, data, e, unmarshal)
		},
		Encode: func(b []byte, e event) (string, []byte, error) {
			switch e := e.(type) {
			case nil:
				return "", nil, contract.ErrNilEvent
			case *ping:
				return "ping", fmt.Appendf(b, `{"N":%d}`, e.N), nil
			}
			return "", nil, contract.ErrUnknownEvent
		},
		Rules: func(name string) *jsonschema.Rules {
			if name != "ping" {
				return nil
			}
			return &pingRules
		},
		Unknown: func(u contract.Unknown) event { return (*unknown)(&u) },
	},
}

func TestOperation(t *testing.T) {
	if e, ok := pings.Decode("ping", []byte(`{"N":7}`)).(*ping); !ok || e.N != 7 {
		t.Errorf("got %+v", e)
	}
	if u, ok := pings.Decode("pong", []byte(`[]`)).(*unknown); !ok || u.Name != "pong" || string(u.Data) != `[]` || u.Err != nil {
		t.Errorf("got %+v", u)
	}
	var misfit *contract.InvalidEventError
	if u, ok := pings.Decode("ping", []byte(`{"N":"7"}`)).(*unknown); !ok || !errors.As(u.Err, &misfit) || misfit.Path != "/N" {
		t.Errorf("got %+v", u)
	}
	own := errors.New("own")
	if u, ok := pings.Events.DecodeFunc("ping", []byte(`{}`), func([]byte, any) error { return own }).(*unknown); !ok || !errors.Is(u.Err, own) {
		t.Errorf("got %+v", u)
	}
	if name, data, err := pings.Encode(&ping{N: 7}); name != "ping" || string(data) != `{"N":7}` || err != nil {
		t.Errorf("got %s %s, %v", name, data, err)
	}
	for _, test := range []struct{ name, data, want string }{
		{"ping", `{"N":7}`, ""},
		{"ping", `{"n":7}`, `"ping": data: "N" is required`},
		{"pong", `{}`, `"pong": data: the spec has no event of this name`},
	} {
		if err := pings.Check(test.name, []byte(test.data)); (err == nil) != (test.want == "") || err != nil && err.Error() != test.want {
			t.Errorf("%s %s: %v", test.name, test.data, err)
		}
	}
	for _, test := range []struct{ name, data, want string }{
		{"ping", `{"N":10}`, ""},
		{"ping", `{}`, ""},
		{"ping", `{"N":"7"}`, `"ping": data/N: must be of type integer (int), not string`},
		{"ping", `{"N":7,"N":8}`, `"ping": data: the member "N" must come only once`},
		{"ping", `{`, `"ping": data: unexpected end of JSON input`},
		{"pong", `{}`, `"pong": data: the spec has no event of this name`},
	} {
		if err := pings.CheckType(test.name, []byte(test.data)); (err == nil) != (test.want == "") || err != nil && err.Error() != test.want {
			t.Errorf("%s %s: %v", test.name, test.data, err)
		}
	}
	if err := pings.CheckEvent(&ping{N: 10}); !errors.As(err, &misfit) || misfit.Path != "/N" {
		t.Errorf("got %v", err)
	}
	if err := pings.CheckEvent(nil); !errors.Is(err, contract.ErrNilEvent) {
		t.Errorf("got %v", err)
	}
	if err := pings.CheckEvent(&unknown{Name: "ping"}); !errors.Is(err, contract.ErrUnknownEvent) {
		t.Errorf("got %v", err)
	}
	names := pings.Names()
	names[0] = "changed"
	if !slices.Equal(pings.Names(), []string{"ping"}) {
		t.Error("the names are shared")
	}
	unchecked := pings
	events := *pings.Events
	events.Rules = nil
	unchecked.Events = &events
	if err := unchecked.Check("ping", []byte(`7`)); err != nil || unchecked.CheckType("ping", []byte(`7`)) != nil || pings.Events.Rules == nil {
		t.Errorf("got %v", err)
	}
}

func TestSessionOf(t *testing.T) {
	if got := pings.SessionOf(params{"7"}); got != "7" {
		t.Errorf("got %q", got)
	}
	bare := pings
	bare.Requests = nil // generated without a client
	if got := bare.SessionOf(params{"7"}); got != "" {
		t.Errorf("got %q", got)
	}
	bare.Requests = &contract.Requests[params]{}
	if got := bare.SessionOf(params{"7"}); got != "" {
		t.Errorf("got %q", got)
	}
}

func TestEventNames(t *testing.T) {
	named := contract.Events[event]{Names: []string{"a", "message"}}
	open := contract.Events[event]{Names: []string{""}, AnyName: true}
	for name, want := range map[string]bool{"a": true, "message": true, "": true, "b": false} {
		if named.Has(name) != want || !open.Has(name) {
			t.Errorf("%q: %t and %t", name, named.Has(name), open.Has(name))
		}
	}
	inData := contract.Events[event]{NameIn: "type"}
	for data, want := range map[string]string{
		`{"type":"a"}`:                  "a",
		`{"x":{"type":"b"},"type":"a"}`: "a",
		`{"type":7}`:                    "",
		`{"type":null}`:                 "",
		`{"type":"a","type":"b"}`:       "b",
		`{"type":"a","type":{}}`:        "",
		`{"\u0074ype":"\u0061"}`:        "a",
		`{"type":"a"} x`:                "",
		`null`:                          "",
		`{"Type":"a"}`:                  "",
		`{}`:                            "",
		`7`:                             "",
		`{`:                             "",
	} {
		if got := inData.NameOf("field", []byte(data)); got != want {
			t.Errorf("%s: got %q, want %q", data, got, want)
		}
		if got := named.NameOf("field", json.RawMessage(data)); got != "field" {
			t.Errorf("%s: got %q", data, got)
		}
	}
}
