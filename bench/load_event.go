package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/mixstream/mixstream/gen"
)

const (
	// loadFrame is the size of an event on the wire, as the floors and this project
	// write it.
	loadFrame = 200

	// A sequence number of seqDigits digits follows seqMark, which stands nowhere
	// else in a stream; helloMark stands only in what is published until every
	// reader is known to be there.
	seqMark   = '#'
	seqDigits = 8
	helloMark = '!'
)

// loadFill makes an event as large as it is to be.
var loadFill = strings.Repeat("x", loadFrame-len("event: content\ndata: {\"content\":\"#01234567\",\"type\":\"content\"}\nid: 1790000000000000\n\n"))

// loadEvent is the event with that sequence number.
func loadEvent(seq int) *gen.ContentData {
	return &gen.ContentData{Content: fmt.Sprintf("%c%0*d%s", seqMark, seqDigits, seq, loadFill), Type: "content"}
}

// loadHello is an event that is not counted.
func loadHello() *gen.ContentData {
	return &gen.ContentData{Content: string(helloMark), Type: "content"}
}

// loadData is the JSON of an event, as every subject has to deliver it.
func loadData(e *gen.ContentData) []byte {
	data, err := json.Marshal(e)
	if err != nil {
		panic(err) // it is strings
	}
	return data
}
