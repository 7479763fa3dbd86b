package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"unsafe"

	"github.com/launchdarkly/eventsource"
	"github.com/openai/openai-go/v3/packages/ssestream"
	r3labs "github.com/r3labs/sse/v2"
	tmaxmax "github.com/tmaxmax/go-sse"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/sse"
)

// maxEventSize is the limit of every subject that has one.
const maxEventSize = 16 << 20

// subjects returns every way to read a stream: the plain parser first, then this project, then
// its peers.
func subjects() []*subject {
	return []*subject{
		{name: plainName, read: readPlain, count: countPlain},
		{name: oursName, read: readOurs, count: countOurs},
		{name: "mixstream `client.Source`", note: "reconnecting, through its `http.Response`", read: readSource},
		{name: "tmaxmax/go-sse `Read`", peer: true, read: readTmaxmax},
		{name: "openai-go `ssestream.Decoder`", peer: true, read: readOpenAI, noID: true, extraLF: true},
		{name: "r3labs/sse `Client`", note: "its parser is not public, so through its client and in-memory HTTP", peer: true, read: readR3labs},
		{name: "launchdarkly/eventsource `Decoder`", peer: true, read: readLaunchDarkly},
	}
}

const (
	plainName = "floor: plain parser"
	oursName  = "**mixstream `sse.Decoder`**"
)

func readPlain(c *corpus, each func(event)) error {
	for p := newPlain(c.input); p.next(); {
		each(p.event)
	}
	return nil
}

func countPlain(c *corpus) (events, size int, err error) {
	for p := newPlain(c.input); p.next(); {
		events++
		size += len(p.event.data)
	}
	return events, size, nil
}

func readOurs(c *corpus, each func(event)) error {
	return readAll(sse.NewDecoder(c.reader()), each)
}

func readAll(d *sse.Decoder, each func(event)) error {
	for {
		e, err := d.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		each(event{name: borrow(e.Name), id: e.ID, data: e.Data})
	}
}

func countOurs(c *corpus) (events, size int, err error) {
	d := sse.NewDecoder(c.reader())
	for {
		e, err := d.Next()
		if err == io.EOF {
			return events, size, nil
		}
		if err != nil {
			return events, size, err
		}
		events++
		size += len(e.Data)
	}
}

// grownDecoder returns this project with the buffer that an earlier connection of the same
// stream left, as after a reconnection.
func grownDecoder() *subject {
	d := new(sse.Decoder)
	return &subject{name: "mixstream `sse.Decoder`, after `Reset`", note: "its buffer has grown before", read: func(c *corpus, each func(event)) error {
		d.Reset(c.reader())
		d.SetLastEventID("")
		return readAll(d, each)
	}}
}

func readSource(c *corpus, each func(event)) error {
	s := client.NewSource(context.Background(), "", func(ctx context.Context, _ string) (*http.Response, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://memory", nil)
		if err != nil {
			return nil, err
		}
		return c.response(r), nil
	})
	defer s.Close()
	for range c.events {
		e, err := s.Next()
		if err != nil {
			return err
		}
		each(event{name: borrow(e.Name), id: e.ID, data: e.Data})
	}
	return nil
}

func readTmaxmax(c *corpus, each func(event)) error {
	for e, err := range tmaxmax.Read(c.reader(), &tmaxmax.ReadConfig{MaxEventSize: maxEventSize}) {
		if err != nil {
			return err
		}
		each(event{name: borrow(e.Type), id: borrow(e.LastEventID), data: borrow(e.Data)})
	}
	return nil
}

func readOpenAI(c *corpus, each func(event)) error {
	d := ssestream.NewDecoder(c.response(nil)) //nolint:bodyclose // the body is in memory
	for d.Next() {
		e := d.Event()
		each(event{name: borrow(e.Type), data: e.Data})
	}
	return d.Err()
}

func readR3labs(c *corpus, each func(event)) error {
	r := r3labs.NewClient("http://memory", r3labs.ClientMaxBufferSize(maxEventSize))
	r.Connection = &http.Client{Transport: c}
	return r.SubscribeRaw(func(e *r3labs.Event) {
		each(event{name: e.Event, id: e.ID, data: e.Data})
	})
}

func readLaunchDarkly(c *corpus, each func(event)) error {
	d := eventsource.NewDecoder(c.reader())
	for {
		e, err := d.Decode()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("decode: %w", err)
		}
		each(event{name: borrow(e.Event()), id: borrow(e.Id()), data: borrow(e.Data())})
	}
}

// borrow returns the bytes of s, which the caller must not modify. A copy would count against
// the subject.
func borrow(s string) []byte {
	return unsafe.Slice(unsafe.StringData(s), len(s)) //nolint:gosec // no code modifies the bytes
}
