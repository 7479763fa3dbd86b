package server

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
)

// lines publishes the events of a body of lines. A batch is what can be had without
// waiting, so that an event never waits for the next one, and memory is bounded
// whatever the length of the body, which is -1 if it is not known.
func (p *publication) lines(ctx context.Context, body io.Reader, length int64) (err error) {
	defer func() { p.abandon(err) }()
	defer p.keepKey(ctx)()
	in := bufio.NewReaderSize(body, 32<<10)
	var read int64
	for {
		// What is known to be the last batch is appended as such, in one step.
		if p.batch.full() || !lineIsThere(in) && read != length {
			if err := p.flush(ctx, false); err != nil {
				return err
			}
		}
		text, err := p.readLine(in)
		read += int64(len(text))
		if errors.Is(err, io.EOF) && len(text) == 0 {
			break
		}
		if errors.Is(err, ErrEventTooLarge) {
			return errors.Join(p.flushRefused(ctx), err)
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if p.line == 1 {
			text = bytes.TrimPrefix(text, []byte("\ufeff")) // some programs begin a file so
		}
		if text = bytes.TrimSpace(text); len(text) == 0 {
			continue
		}
		event, err := p.server.decodePublished(text)
		if err == nil {
			err = p.add(ctx, event)
		}
		if err != nil {
			return errors.Join(p.flushRefused(ctx), err)
		}
	}
	if err := p.flush(ctx, true); err != nil {
		return err
	}
	if p.count == 0 {
		p.line = 0
		return fmt.Errorf("%w: the body has no event", errRequest)
	}
	return nil
}

// lineIsThere tells whether a whole line can be read without waiting.
func lineIsThere(in *bufio.Reader) bool {
	there, _ := in.Peek(in.Buffered())
	return bytes.IndexByte(there, '\n') >= 0
}

// readLine reads a line of bounded length. The last one may have no end.
func (p *publication) readLine(in *bufio.Reader) ([]byte, error) {
	p.line++
	var text []byte
	for {
		part, err := in.ReadSlice('\n')
		if len(text)+len(part) > p.server.maxLine() {
			return nil, fmt.Errorf("%w: longer than %d bytes", ErrEventTooLarge, p.server.maxLine())
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			text = append(text, part...)
		case err != nil && !errors.Is(err, io.EOF):
			return nil, fmt.Errorf("%w: %w", errBody, err)
		case text == nil:
			return part, err
		default:
			return append(text, part...), err
		}
	}
}
