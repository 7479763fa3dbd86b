package main

import (
	"context"
	"fmt"
	"log"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/examples/orders/api"
)

func main() {
	orders, err := client.New(api.OrderEvents, "http://127.0.0.1:8080")
	if err != nil {
		log.Fatal(err)
	}
	stream, err := orders.Open(context.Background(), api.OrderEventsRequest{OrderID: "order-7"}, client.FromStart())
	if err != nil {
		log.Fatal(err)
	}
	defer stream.Close()
	for event, err := range stream.All() {
		if err != nil {
			log.Fatal(err) // the stream never ends silently: this is a gap, a refusal or a limit
		}
		switch data := event.Data.(type) {
		case *api.OrderPlaced:
			fmt.Println("placed for", data.Total)
		case *api.OrderShipped:
			fmt.Println("shipped with", data.Carrier)
		case *api.UnknownEvent:
			fmt.Println("newer than this client:", data.Name)
		}
	}
}
