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

// decoding is one way to decode the data of a token.
type decoding struct {
	name      string
	unmarshal func(data []byte, v any) error // nil: the generated code
}

// standard is encoding/json, which is the floor.
var standard = decoding{name: "encoding/json", unmarshal: stdjson.Unmarshal}

// decodings returns the generated code, the floor, and then the peers.
func decodings() []decoding {
	return []decoding{
		{name: "**the generated code**"},
		standard,
		{name: "go-json-experiment/json", unmarshal: func(data []byte, v any) error { return jsonv2.Unmarshal(data, v) }},
		{name: "goccy/go-json", unmarshal: gojson.Unmarshal},
		{name: "bytedance/sonic", unmarshal: sonic.Unmarshal},
	}
}

// decode decodes the data of a token.
func (d decoding) decode(data []byte) (*gen.ContentData, error) {
	if d.unmarshal != nil {
		v := new(gen.ContentData)
		return v, d.unmarshal(data, v)
	}
	event, err := gen.StreamEvents.Events.Decode(string(gen.EventNameContent), data, nil)
	if err != nil {
		return nil, err
	}
	return event.(*gen.ContentData), nil //nolint:forcetypeassert // the name says so
}

// typedReader reads a corpus of tokens as typed data.
type typedReader func(c *corpus, d decoding, each func(*gen.ContentData)) error

// plainTyped reads with the plain parser. It keeps only the typed data of an event.
func plainTyped(c *corpus, d decoding, each func(*gen.ContentData)) error {
	for p := newPlain(c.input); p.next(); {
		data, err := d.decode(p.event.data)
		if err != nil {
			return err
		}
		each(data)
	}
	return nil
}

// streamTyped reads with the client, over in-memory HTTP.
func streamTyped(c *corpus, d decoding, each func(*gen.ContentData)) error {
	opts := []client.Option{client.WithHTTPClient(&http.Client{Transport: c})}
	if d.unmarshal != nil {
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
