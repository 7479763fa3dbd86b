package main

import (
	"context"
	stdjson "encoding/json"
	"fmt"
	"net/http"

	"github.com/bytedance/sonic"
	jsonv2 "github.com/go-json-experiment/json"
	gojson "github.com/goccy/go-json"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/mix"
)

// decoding is a JSON function for a stream.
type decoding struct {
	name      string
	unmarshal func(data []byte, v any) error
	isDefault bool // the stream uses it by default
}

// decodings returns every JSON function; the first is the default.
func decodings() []decoding {
	return []decoding{
		{name: "encoding/json", unmarshal: stdjson.Unmarshal, isDefault: true},
		{name: "go-json-experiment/json", unmarshal: func(data []byte, v any) error { return jsonv2.Unmarshal(data, v) }},
		{name: "goccy/go-json", unmarshal: gojson.Unmarshal},
		{name: "bytedance/sonic", unmarshal: sonic.Unmarshal},
	}
}

// typedReader reads a corpus of tokens as typed data.
type typedReader func(c *corpus, d decoding, each func(*gen.ContentData)) error

// plainTyped is the floor: the plain parser and the JSON function. It keeps only the typed
// data of an event.
func plainTyped(c *corpus, d decoding, each func(*gen.ContentData)) error {
	for p := newPlain(c.input); p.next(); {
		data := new(gen.ContentData)
		if err := d.unmarshal(p.event.data, data); err != nil {
			return err
		}
		each(data)
	}
	return nil
}

// streamTyped reads with the client, over in-memory HTTP.
func streamTyped(c *corpus, d decoding, each func(*gen.ContentData)) error {
	opts := []client.Option{client.WithHTTPClient(&http.Client{Transport: c})}
	if !d.isDefault {
		opts = append(opts, client.WithJSON(d.unmarshal))
	}
	cl, err := mix.NewClient("http://memory", opts...)
	if err != nil {
		return err
	}
	s, err := cl.StreamEvents(context.Background(), "session", nil)
	if err != nil {
		return err
	}
	defer s.Close()
	for range c.events { // after them it would reconnect
		if !s.Next() {
			return fmt.Errorf("the stream ended early: %w", s.Err())
		}
		data, ok := s.Event().Data.(*gen.ContentData)
		if !ok {
			return fmt.Errorf("%T", s.Event().Data)
		}
		each(data)
	}
	return nil
}

// checkTyped compares every event of the corpus.
func checkTyped(c *corpus, d decoding, read typedReader) error {
	n := 0
	var wrong error
	err := read(c, d, func(got *gen.ContentData) {
		var want gen.ContentData
		if err := stdjson.Unmarshal(c.want(n).data, &want); err != nil {
			wrong = err
		}
		if got.Type != want.Type || got.Content != want.Content || got.ParentToolCallID != nil ||
			got.AssistantMessageID == nil || *got.AssistantMessageID != *want.AssistantMessageID {
			wrong = fmt.Errorf("event %d: got %+v, want %+v", n, *got, want)
		}
		n++
	})
	if err == nil {
		err = wrong
	}
	if err == nil && n != c.events {
		err = fmt.Errorf("%d events of %d", n, c.events)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", d.name, err)
	}
	return nil
}

func typedJob(c *corpus, d decoding, read typedReader) *job {
	return &job{ops: c.events, run: func() error {
		n := 0
		if err := read(c, d, func(*gen.ContentData) { n++ }); err != nil {
			return err
		}
		if n != c.events {
			return fmt.Errorf("%s: %d events of %d", d.name, n, c.events)
		}
		return nil
	}}
}
