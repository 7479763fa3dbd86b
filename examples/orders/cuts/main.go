package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/examples/orders/api"
	"github.com/mixstream/mixstream/server"
	"github.com/mixstream/mixstream/streamtest"
)

func main() {
	ctx := context.Background()
	orders, err := server.New(api.OrderEvents, server.WithTiming(server.Timing{Retry: 100 * time.Millisecond}))
	must(err)
	_, err = orders.Publish(ctx, "order-7", &api.OrderPlaced{Total: 4200})
	must(err)
	for _, carrier := range []string{"DHL", "UPS", "DHL", "GLS", "UPS"} {
		_, err = orders.Publish(ctx, "order-7", &api.OrderShipped{Carrier: carrier})
		must(err)
	}

	c, err := client.New(api.OrderEvents, cutting(httptest.NewServer(orders).URL))
	must(err)
	stream, err := c.Open(ctx, api.OrderEventsRequest{OrderID: "order-7"}, client.FromStart())
	must(err)
	defer stream.Close()
	_, err = orders.DeleteSession(ctx, "order-7") // its streams end after their last event
	must(err)
	for event, err := range stream.All() {
		must(err)
		switch data := event.Data.(type) {
		case *api.OrderPlaced:
			fmt.Println("placed for", data.Total)
		case *api.OrderShipped:
			fmt.Println("shipped with", data.Carrier)
		}
	}
	fmt.Println("cuts:", cuts.Load())
}

var blocks, cuts atomic.Int64

// cutting returns the URL of a proxy that cuts the connection in each event once.
func cutting(target string) string {
	u, err := url.Parse(target)
	must(err)
	proxy := streamtest.NewProxy(u, func(_ *http.Request, block []byte) (forward []byte, cut bool) {
		if blocks.Add(1)%2 == 0 {
			return block, false // the second time
		}
		cuts.Add(1)
		return block[:len(block)/2], true
	})
	return httptest.NewServer(proxy).URL
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
