// Command cuts publishes and reads the events of an order. A proxy between both sides cuts the
// connection inside each event once, but nothing is lost. docs/your-spec.md explains it.
package main
