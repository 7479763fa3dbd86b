package sse_test

import (
	"fmt"

	"github.com/mixstream/mixstream/sse"
)

// A server that sends one event to many readers checks it once, and then copies.
func ExampleAppender() {
	var appender sse.Appender
	var buffer []byte
	for id := uint64(41); id <= 42; id++ {
		buffer = appender.Append(buffer, "content", []byte(`{"content":"Hello"}`), id)
	}
	fmt.Printf("%s", buffer)
	// Output:
	// event: content
	// data: {"content":"Hello"}
	// id: 41
	//
	// event: content
	// data: {"content":"Hello"}
	// id: 42
}
