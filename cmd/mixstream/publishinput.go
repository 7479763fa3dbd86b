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

// The limits of one request that publishes.
const (
	maxPublishLines = 1000
	maxPublishBytes = 1 << 20
)

// publishInput publishes lines as they arrive.
type publishInput struct {
	client   *mix.Client
	session  string
	progress io.Writer // a terminal; nil without one

	began    time.Time
	reported time.Time

	mu     sync.Mutex
	result published // the total of all requests, guarded by mu
}

// published returns the total so far, also while a request is in progress.
func (i *publishInput) published() published {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.result
}

// run publishes all lines of r. A request takes the lines that have arrived, so that no line
// waits for the next.
func (i *publishInput) run(ctx context.Context, r io.Reader) error {
	i.began = time.Now()
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
			if err := i.send(ctx, chunk, first); err != nil {
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
func (i *publishInput) send(ctx context.Context, chunk []byte, first int) error {
	if len(bytes.TrimSpace(chunk)) == 0 {
		return nil
	}
	events := countEvents(chunk)
	i.mu.Lock()
	i.result.Unknown = events
	i.mu.Unlock()
	result, err := i.client.PublishLines(ctx, i.session, chunk)
	var refused *client.APIError
	if errors.As(err, &refused) && refused.Published != nil {
		before := refused.Published
		result = client.PublishResult{LastID: before.LastID, Count: before.Count}
		if before.Line > 0 {
			err = fmt.Errorf("line %d of the input: %w", first+before.Line-1, err)
		}
	}
	i.mu.Lock()
	if result.Count > 0 {
		if i.result.Count == 0 {
			i.result.FirstID = result.FirstID // a refusal contains none
		}
		i.result.LastID = result.LastID
		i.result.Count += result.Count
	}
	i.result.Unknown = 0
	if errors.Is(err, client.ErrOutcomeUnknown) {
		i.result.Unknown = events - result.Count
	}
	i.mu.Unlock()
	i.report(false)
	return err
}

// countEvents returns the number of lines that are not empty.
func countEvents(chunk []byte) (n int) {
	for line := range bytes.Lines(chunk) {
		if len(bytes.TrimSpace(line)) > 0 {
			n++
		}
	}
	return n
}

// report shows the progress on a terminal, now and then and at the end.
func (i *publishInput) report(end bool) {
	if i.progress == nil || !end && time.Since(i.reported) < 200*time.Millisecond {
		return
	}
	i.reported = time.Now()
	count := i.published().Count
	rate := float64(count) / max(time.Since(i.began).Seconds(), 0.001)
	fmt.Fprintf(i.progress, "\r\x1b[Kmixstream: %d events, %.0f/s", count, rate)
	if end {
		fmt.Fprintln(i.progress)
	}
}
