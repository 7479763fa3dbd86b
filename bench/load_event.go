package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/mixstream/mixstream/gen"
)

const (
	// loadFrame is the size of an event on the wire, as the floors and this project write it.
	loadFrame = 200

	// A sequence number of seqDigits digits follows seqMark, which occurs nowhere else in a
	// stream. helloMark occurs only in events that are published until every reader is
	// connected.
	seqMark   = '#'
	seqDigits = 8
	helloMark = '!'
)

// loadFill fills an event up to its size.
var loadFill = strings.Repeat("x", loadFrame-len("event: content\ndata: {\"content\":\"#01234567\",\"type\":\"content\"}\nid: 1790000000000000\n\n"))

// loadEvent returns the event with a sequence number.
func loadEvent(seq int) *gen.ContentData {
	return &gen.ContentData{Content: fmt.Sprintf("%c%0*d%s", seqMark, seqDigits, seq, loadFill), Type: "content"}
}

// loadHello returns an event that is not counted.
func loadHello() *gen.ContentData {
	return &gen.ContentData{Content: string(helloMark), Type: "content"}
}

// loadData returns the JSON of an event, which every subject must deliver.
func loadData(e *gen.ContentData) []byte {
	data, err := json.Marshal(e)
	if err != nil {
		panic(err) // strings always marshal
	}
	return data
}
