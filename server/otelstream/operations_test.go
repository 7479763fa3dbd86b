package otelstream_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"

	"go.opentelemetry.io/otel/attribute"

	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/server"
)

// moved is the only event of the operations here.
type moved struct {
	To string `json:"to"`
}

func operationOf(id, path string) contract.Operation[struct{}, *moved] {
	return contract.Operation[struct{}, *moved]{
		ID: id, Method: http.MethodGet, Path: path, Namespace: id,
		Session: contract.Param{In: "path", Name: "id"},
		Events: &contract.Events[*moved]{
			Names: []string{"moved"},
			Decode: func(name string, data []byte, unmarshal func([]byte, any) error) (*moved, error) {
				event := new(moved)
				return event, contract.Unmarshal(name, data, event, unmarshal)
			},
			Encode: func(b []byte, event *moved) (string, []byte, error) {
				data, err := json.Marshal(event)
				return "moved", append(b, data...), err
			},
		},
	}
}

// One observer tells the operations of a process apart, also where a session of both has the
// same id and its events have the same name.
func TestOperationsAreToldApart(t *testing.T) {
	o, observer := newSDK(t)
	log := eventlog.NewMemory(eventlog.Retention{})
	mux := http.NewServeMux()
	published := map[string]int64{"orders": 1, "stock": 2}
	for id, n := range published {
		srv, err := server.New(operationOf(id, "/"+id+"/{id}/events"), server.WithLog(log), server.WithObserver(observer))
		if err != nil {
			t.Fatal(err)
		}
		observer.ObserveReady(id, srv.Ready)
		of := attribute.String("mixstream.operation.id", id)
		set := attribute.NewSet(of)
		if gaps := pointsOf(o.metrics()["mixstream.stream.gaps"]); !slices.ContainsFunc(gaps, func(p point) bool { return p.set.Equals(&set) }) {
			t.Errorf("%s: before the first gap there is %+v, want 0", id, gaps)
		}
		mux.Handle("/"+id+"/", srv)
		for range n {
			if _, err := srv.Publish(t.Context(), "7", &moved{"here"}); err != nil {
				t.Fatal(err)
			}
		}
	}
	o.serve(mux)
	for id, n := range published {
		of := attribute.String("mixstream.operation.id", id)
		o.wantOf("mixstream.server.ready", 1, of)
		o.wantOf("mixstream.publish.events", n, of, attribute.String("mixstream.event.name", "moved"))
		o.wantOf("mixstream.publish.duration", n, of)
		o.wantOf("mixstream.stream.opened", 0, of, attribute.Bool("mixstream.stream.resumed", false))
		res := o.get("/"+id+"/7/events", "")
		o.wantOf("mixstream.stream.opened", 1, of, attribute.Bool("mixstream.stream.resumed", false))
		o.wantOf("mixstream.stream.active", 1, of)
		o.wantOf("mixstream.delivery.events", n, of)
		res.Body.Close()
		o.wantOf("mixstream.stream.active", 0, of)
		o.wantOf("mixstream.stream.duration", 1, of, attribute.String("mixstream.stream.end_reason", "client_left"))
		o.get("/"+id+"/8/events", "").Body.Close()
		o.wantOf("mixstream.stream.refused", 1, of, attribute.Int("http.response.status_code", http.StatusNotFound))
	}
	spans := make(map[string]int64)
	for _, span := range o.spans.GetSpans() {
		for _, a := range span.Attributes {
			if a.Key == "mixstream.operation.id" {
				spans[span.Name+" "+a.Value.AsString()]++
			}
		}
	}
	for id, n := range published {
		if spans["publish "+id] != n || spans["stream "+id] != 1 {
			t.Errorf("%s: the spans are %v", id, spans)
		}
	}
}
