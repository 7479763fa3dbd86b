package frameworks_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/internal/frameworks/chiapi"
	"github.com/mixstream/mixstream/internal/frameworks/echoapi"
	"github.com/mixstream/mixstream/internal/frameworks/ginapi"
	"github.com/mixstream/mixstream/internal/frameworks/stdapi"
	"github.com/mixstream/mixstream/server"
)

// applications are the applications under test: oapi-codegen's output for a router, with the
// streams inside.
var applications = map[string]func(*app) http.Handler{
	"std": newStd, "std strict": newStrictStd,
	"chi": newChi, "chi strict": newStrictChi,
	"gin": newGin, "gin strict": newStrictGin,
	"echo": newEcho, "echo strict": newStrictEcho,
}

func inEach(t *testing.T, f func(t *testing.T, a *app, url string, cut func())) {
	for name, build := range applications {
		for mode, opts := range map[string][]server.Option{"attached": nil, "detached": {server.WithDetachedStreams()}} {
			t.Run(name+"/"+mode, func(t *testing.T) {
				a := newApp(t, opts...)
				url, cut := serve(t, build(a))
				f(t, a, url, cut)
			})
		}
	}
}

// soon makes a client reconnect at once.
func soon() client.Option {
	return client.WithRetryPolicy(client.RetryPolicy{InitialInterval: time.Millisecond, MaxInterval: 10 * time.Millisecond, MaxServerDelay: client.NoServerDelay})
}

func ctxOf(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// Typed events arrive over six cuts, the first of them before any event. A path with a slash
// in its parameter reaches its own session.
func TestEventsOverCuts(t *testing.T) {
	inEach(t, func(t *testing.T, a *app, url string, cut func()) {
		ctx := ctxOf(t)
		if _, err := a.orders.CreateSession(ctx, "order 7", ""); err != nil {
			t.Fatal(err)
		}
		c, err := client.New(stdapi.OrderEvents, url, soon())
		if err != nil {
			t.Fatal(err)
		}
		stream, err := c.Open(ctx, stdapi.OrderEventsRequest{OrderID: "order 7"})
		if err != nil {
			t.Fatal(err)
		}
		defer stream.Close()
		for n := range 6 {
			cut()
			if _, err := a.orders.Publish(ctx, "order 7", &stdapi.OrderShipped{Parcel: n}); err != nil {
				t.Fatal(err)
			}
			if !stream.Next() {
				t.Fatal(stream.Err())
			}
			if got, ok := stream.Event().Data.(*stdapi.OrderShipped); !ok || got.Parcel != n {
				t.Fatalf("got %+v, want parcel %d", stream.Event(), n)
			}
		}
		if _, err := a.orders.DeleteSession(ctx, "order 7"); err != nil {
			t.Fatal(err)
		}
		if stream.Next() || stream.Err() != nil {
			t.Errorf("the end: %+v, %v", stream.Event(), stream.Err())
		}
	})
}

// Operations with the same session id on one log stay apart: neither events nor the end of one
// reach the other.
func TestOperationsDoNotMeet(t *testing.T) {
	inEach(t, func(t *testing.T, a *app, url string, _ func()) {
		ctx := ctxOf(t)
		for n := range 3 {
			if _, err := a.orders.Publish(ctx, "7", &stdapi.OrderShipped{Parcel: n}); err != nil {
				t.Fatal(err)
			}
			if _, err := a.alerts.Publish(ctx, "7", &stdapi.WarehouseAlertsAlert{Number: n}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := a.orders.DeleteSession(ctx, "7"); err != nil {
			t.Fatal(err)
		}
		c, err := client.New(stdapi.WarehouseAlerts, url, soon())
		if err != nil {
			t.Fatal(err)
		}
		stream, err := c.Open(ctx, stdapi.WarehouseAlertsRequest{Warehouse: 7}, client.FromStart())
		if err != nil {
			t.Fatal(err)
		}
		defer stream.Close()
		for n := range 3 {
			if !stream.Next() {
				t.Fatal(stream.Err())
			}
			if got, ok := stream.Event().Data.(*stdapi.WarehouseAlertsAlert); !ok || got.Number != n {
				t.Fatalf("got %+v, want alert %d", stream.Event(), n)
			}
		}
	})
}

// An answer that a POST begins continues with a GET after each cut, and ends.
func TestAnswerIsResumed(t *testing.T) {
	inEach(t, func(t *testing.T, a *app, url string, cut func()) {
		ctx := ctxOf(t)
		api, err := stdapi.NewClient(url)
		if err != nil {
			t.Fatal(err)
		}
		posts := 0
		stream := client.Read(ctx, stdapi.CreateAnswer, func(ctx context.Context, last *client.Event[stdapi.CreateAnswerEvent]) (*http.Response, error) {
			if last == nil {
				posts++
				return api.CreateAnswer(ctx, stdapi.CreateAnswerJSONRequestBody{Question: "why?"})
			}
			return api.ResumeAnswer(ctx, "answer-1", &stdapi.ResumeAnswerParams{After: &last.ID})
		}, soon())
		defer stream.Close()
		if !stream.Next() {
			t.Fatal(stream.Err())
		}
		if got, ok := stream.Event().Data.(*stdapi.AnswerBegun); !ok || got.Answer != "answer-1" {
			t.Fatalf("got %+v", stream.Event())
		}
		for n := 1; n <= 3; n++ {
			cut()
			a.next <- struct{}{}
			if !stream.Next() {
				t.Fatal(stream.Err())
			}
			if got, ok := stream.Event().Data.(*stdapi.AnswerText); !ok || got.Number != n {
				t.Fatalf("got %+v, want part %d", stream.Event(), n)
			}
		}
		close(a.next)
		if stream.Next() || stream.Err() != nil {
			t.Errorf("the end: %+v, %v", stream.Event(), stream.Err())
		}
		if posts != 1 {
			t.Errorf("%d answers were begun", posts)
		}
	})
}

// The application refuses in its own words. The server does, too, if the application gives it
// those words.
func TestErrorsOfTheSpec(t *testing.T) {
	for name, build := range applications {
		t.Run(name, func(t *testing.T) {
			a := newApp(t, server.WithErrorBody(func(f server.Failure) (string, []byte) {
				body, _ := json.Marshal(fault{Status: f.Status, Fault: f.Message})
				return "application/json", body
			}))
			url, _ := serve(t, build(a))
			c, err := client.New(stdapi.OrderEvents, url, client.WithErrors(func(e *client.APIError) error {
				var f fault
				if e.Decode(&f) != nil {
					return nil
				}
				return &faultError{f}
			}))
			if err != nil {
				t.Fatal(err)
			}
			_, err = c.Open(ctxOf(t), stdapi.OrderEventsRequest{OrderID: "nobody"})
			var refused *faultError
			var answer *client.APIError
			if !errors.As(err, &refused) || refused.fault.Status != 404 || !strings.Contains(refused.fault.Fault, "nobody") || !errors.As(err, &answer) {
				t.Errorf("got %v", err)
			}
			res, err := http.Get(url + "/alerts?warehouse=x")
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			body, _ := io.ReadAll(res.Body)
			var f fault
			if res.StatusCode != http.StatusBadRequest || json.Unmarshal(body, &f) != nil || f.Status != 400 {
				t.Errorf("a parameter of the wrong type: %s, %s", res.Status, body)
			}
		})
	}
}

type faultError struct{ fault fault }

func (e *faultError) Error() string { return fmt.Sprintf("%d: %s", e.fault.Status, e.fault.Fault) }

// The generated code describes the same operations for each router.
func TestSameContract(t *testing.T) {
	want := strings.Join(stdapi.OrderEvents.Names(), " ")
	for name, got := range map[string][]string{"chi": chiapi.OrderEvents.Names(), "gin": ginapi.OrderEvents.Names(), "echo": echoapi.OrderEvents.Names()} {
		if strings.Join(got, " ") != want {
			t.Errorf("%s has %q, want %q", name, got, want)
		}
	}
}
