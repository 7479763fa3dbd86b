package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/mix"
)

// What is published by one request.
const (
	maxPublishLines = 1000
	maxPublishBytes = 1 << 20
)

// outflow publishes lines as they come.
type outflow struct {
	client   *mix.Client
	session  string
	progress io.Writer // a terminal; nil without one

	began    time.Time
	reported time.Time

	mu     sync.Mutex
	result published // of all requests, guarded by mu
}

// published returns what is published, also while a request is under way.
func (o *outflow) published() published {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.result
}

// run publishes all lines of r. A request takes the lines that are there, so that
// none waits for the next.
func (o *outflow) run(ctx context.Context, r io.Reader) error {
	o.began = time.Now()
	in := bufio.NewReaderSize(r, 64<<10)
	var chunk []byte
	for n, first := 1, 1; ; n++ {
		line, err := readLine(in)
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("line %d: %w", n, err)
		}
		end := err != nil
		chunk = append(append(chunk, bytes.TrimRight(line, "\r\n")...), '\n')
		there, _ := in.Peek(in.Buffered())
		if end || n-first+1 >= maxPublishLines || len(chunk) >= maxPublishBytes || bytes.IndexByte(there, '\n') < 0 {
			if err := o.send(ctx, chunk, first); err != nil {
				return err
			}
			chunk, first = chunk[:0], n+1
		}
		if end {
			return nil
		}
	}
}

// send publishes a chunk, whose first line has the number first.
func (o *outflow) send(ctx context.Context, chunk []byte, first int) error {
	if len(bytes.TrimSpace(chunk)) == 0 {
		return nil
	}
	events := countEvents(chunk)
	o.mu.Lock()
	o.result.Unknown = events
	o.mu.Unlock()
	result, err := o.client.PublishLines(ctx, o.session, chunk)
	var refused *client.PublishError
	if errors.As(err, &refused) {
		result = client.PublishResult{LastID: refused.LastID, Count: refused.Count}
		if refused.Line > 0 {
			err = fmt.Errorf("line %d of the input: %w", first+refused.Line-1, err)
		}
	}
	o.mu.Lock()
	if result.Count > 0 {
		if o.result.Count == 0 {
			o.result.FirstID = result.FirstID // a refusal names none
		}
		o.result.LastID = result.LastID
		o.result.Count += result.Count
	}
	o.result.Unknown = 0
	if errors.Is(err, client.ErrOutcomeUnknown) {
		o.result.Unknown = events - result.Count
	}
	o.mu.Unlock()
	o.report(false)
	return err
}

// countEvents returns how many lines are not empty.
func countEvents(chunk []byte) (n int) {
	for line := range bytes.Lines(chunk) {
		if len(bytes.TrimSpace(line)) > 0 {
			n++
		}
	}
	return n
}

// report tells a terminal how far it is, now and then and at the end.
func (o *outflow) report(end bool) {
	if o.progress == nil || !end && time.Since(o.reported) < 200*time.Millisecond {
		return
	}
	o.reported = time.Now()
	count := o.published().Count
	rate := float64(count) / max(time.Since(o.began).Seconds(), 0.001)
	fmt.Fprintf(o.progress, "\r\x1b[Kmixstream: %d events, %.0f/s", count, rate)
	if end {
		fmt.Fprintln(o.progress)
	}
}
