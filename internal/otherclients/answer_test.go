package otherclients_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/mixstream/mixstream/contract"
)

// delta is the only event of the spec. The readers of both SDKs know its name.
type delta struct {
	Text string `json:"text"`
}

// deltaName is its name on the wire.
const deltaName = "content_block_delta"

// answerRequest has the parameters of the operation.
type answerRequest struct{ ID string }

// answerEvents is an operation whose spec has no events of the server itself.
var answerEvents = contract.Operation[answerRequest, *delta]{
	ID: "answerEvents", Method: http.MethodGet, Path: "/answers/{id}/events", Namespace: "answerEvents",
	Session: contract.Param{In: "path", Name: "id"},
	Requests: &contract.Requests[answerRequest]{
		New: func(ctx context.Context, baseURL string, p answerRequest) (*http.Request, error) {
			return http.NewRequestWithContext(ctx, http.MethodGet, baseURL+"/answers/"+url.PathEscape(p.ID)+"/events", nil)
		},
		Session: func(p answerRequest) string { return p.ID },
	},
	Events: &contract.Events[*delta]{
		Names: []string{deltaName},
		Decode: func(name string, data []byte, unmarshal func([]byte, any) error) (*delta, error) {
			event := new(delta)
			if unmarshal == nil {
				unmarshal = json.Unmarshal
			}
			return event, contract.Unmarshal(name, data, event, unmarshal)
		},
		Encode: func(b []byte, event *delta) (string, []byte, error) {
			data, err := json.Marshal(event)
			return deltaName, append(b, data...), err
		},
		Unknown:   func(u contract.Unknown) *delta { return &delta{"unknown: " + u.Name} },
		AsUnknown: func(*delta) *contract.Unknown { return nil },
	},
}
