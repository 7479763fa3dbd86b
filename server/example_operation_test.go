package server_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/mixstream/mixstream/server"
)

// app implements what oapi-codegen has made of the spec.
type app struct{ orders *server.Server[fact] }

func (a *app) OrderEvents(w http.ResponseWriter, r *http.Request, orderID string) {
	a.orders.Serve(w, r, orderID)
}

func ExampleNew_operation() {
	ctx := context.Background()
	mux := http.NewServeMux()

	orders, err := server.New(orderEvents, server.WithPublishAuthorizer(mayPublish))
	if err != nil {
		fmt.Println(err)
		return
	}
	mux.Handle("GET /orders/{orderId}/events", orders)
	id, err := orders.Publish(ctx, "7", &placed{ID: "7", Lines: []string{"tea"}})
	fmt.Println(id != "", err)

	mux.Handle("POST /orders/{orderId}/events", orders.PublishHandler()) // the path of the stream
	mux.HandleFunc("POST /internal/{order}", func(w http.ResponseWriter, r *http.Request) {
		orders.ServePublish(w, r, r.PathValue("order")) // any other
	})

	r := httptest.NewRequest(http.MethodPost, "/internal/7", strings.NewReader(`{"event":"placed","data":{"id":"7"}}`))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	fmt.Println(w.Body)

	r = httptest.NewRequest(http.MethodGet, "/orders/8/events", nil)
	w = httptest.NewRecorder()
	(&app{orders}).OrderEvents(w, r, "8")
	fmt.Println(w.Body)
	// Output:
	// true <nil>
	// {"title":"Bad Request","status":400,"detail":"line 1: \"placed\": data: \"lines\" is required","count":0,"line":1,"invalid":true}
	//
	// {"title":"Not Found","status":404,"detail":"session \"8\" does not exist"}
}

func mayPublish(*http.Request, string) error { return nil }
