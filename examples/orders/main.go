package main

import (
	"context"
	"log"
	"net/http"

	"github.com/mixstream/mixstream/examples/orders/api"
	"github.com/mixstream/mixstream/server"
)

//go:generate go tool eventgen -o api openapi.yaml

func main() {
	orders, err := server.New(api.OrderEvents)
	if err != nil {
		log.Fatal(err)
	}
	for _, event := range []api.OrderEvent{&api.OrderPlaced{Total: 4200}, &api.OrderShipped{Carrier: "DHL"}} {
		if _, err := orders.Publish(context.Background(), "order-7", event); err != nil {
			log.Fatal(err)
		}
	}
	http.Handle("/orders/{orderId}/events", orders)
	log.Fatal(http.ListenAndServe("127.0.0.1:8080", nil))
}
