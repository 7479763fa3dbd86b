// Command orders shows the server for a spec other than this module's: openapi.yaml in this
// folder, from which eventgen made package api. The command in the folder watch is its client.
// The command in cuts shows that cut connections lose nothing.
//
// Run it:
//
//	go run ./examples/orders &
//	go run ./examples/orders/watch
package main
