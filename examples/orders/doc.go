// Command orders shows the server of a spec that is not this module's: openapi.yaml in this
// folder, from which package api is generated. The command in the folder watch is its client,
// and the one in cuts shows that cut connections lose nothing.
//
// Run it:
//
//	go run ./examples/orders &
//	go run ./examples/orders/watch
package main
