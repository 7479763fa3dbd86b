package sse_test

import (
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"time"

	"github.com/mixstream/mixstream/sse"
)

func ExampleDecoder() {
	stream := strings.NewReader(`: connected

event: content
data: {"content":"Hello"}
id: 1757000000000001

data: first line
data: second line

data: cut off`)

	d := sse.NewDecoder(stream)
	for {
		ev, err := d.Next()
		if err == io.ErrUnexpectedEOF {
			fmt.Printf("cut off after %s", d.LastEventID())
			break
		}
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s %q %q\n", ev.ID, ev.Name, ev.Data)
	}
	// Output:
	// 1757000000000001 "content" "{\"content\":\"Hello\"}"
	// 1757000000000001 "" "first line\nsecond line"
	// cut off after 1757000000000001
}

// After a cut, a stream continues on another connection, after the last complete event.
func ExampleDecoder_Reset() {
	connections := map[string]io.Reader{ // by the Last-Event-ID of the request
		"":  strings.NewReader("id: 1\ndata: one\n\nid: 2\ndata: tw"),
		"1": strings.NewReader("id: 2\ndata: two\n\n"),
	}
	d := sse.NewDecoder(connections[""])
	for {
		ev, err := d.Next()
		if err == io.EOF {
			break
		}
		if err == io.ErrUnexpectedEOF {
			d.Reset(connections[string(d.LastEventID())])
			continue
		}
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s: %s\n", ev.ID, ev.Data)
	}
	// Output:
	// 1: one
	// 2: two
}

// An event over the limit does not end the stream.
func ExampleDecoder_SetMaxEventSize() {
	d := sse.NewDecoder(strings.NewReader("id: 1\ndata: far too long\n\nid: 2\ndata: short\n\n"))
	d.SetMaxEventSize(8)
	for {
		ev, err := d.Next()
		if err == io.EOF {
			break
		}
		if errors.Is(err, sse.ErrEventTooLarge) {
			fmt.Printf("lost event %s: %v\n", ev.ID, err)
			continue
		}
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("event %s: %s\n", ev.ID, ev.Data)
	}
	// Output:
	// lost event 1: sse: event too large: 13 bytes, the limit is 8
	// event 2: short
}

// Events that are needed longer must be cloned.
func ExampleEvent_Clone() {
	d := sse.NewDecoder(strings.NewReader("data: first\n\ndata: second\n\n"))
	var events []sse.Event
	for {
		ev, err := d.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			log.Fatal(err)
		}
		events = append(events, ev.Clone())
	}
	for _, ev := range events {
		fmt.Printf("%s\n", ev.Data)
	}
	// Output:
	// first
	// second
}

func ExampleEncoder() {
	e := sse.NewEncoder(os.Stdout)
	err := e.Encode(sse.Event{
		Name:     "content",
		ID:       []byte("17"),
		Retry:    2 * time.Second,
		HasRetry: true,
		Data:     []byte("two\nlines"),
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// event: content
	// retry: 2000
	// data: two
	// data: lines
	// id: 17
}

func ExampleAppend() {
	block, err := sse.Append(nil, sse.Event{ID: []byte("17"), Data: []byte(`{"content":"Hello"}`)})
	fmt.Printf("%q %v\n", block, err)

	block, err = sse.Append(nil, sse.Event{Name: "content\ndata: forged"})
	fmt.Printf("%q %v\n", block, err)
	// Output:
	// "data: {\"content\":\"Hello\"}\nid: 17\n\n" <nil>
	// "" sse: event contains CR or LF
}

func ExampleAppendComment() {
	fmt.Printf("%q", sse.AppendComment(nil, "keep\nalive"))
	// Output:
	// ": keep\n: alive\n"
}
