package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/mix"
)

// maxLine is the size of the longest line that can be an event.
const maxLine = 16 << 20

// serveInput publishes events that arrive as lines of JSON.
type serveInput struct {
	srv  *mix.Server
	tell teller // reports bad lines

	published, failed int // counts lines
}

// line is one line of the input.
type line struct {
	Session string          `json:"session"`
	Event   string          `json:"event"`
	Data    json.RawMessage `json:"data"`
}

// run publishes all lines of r. It returns at the end of r or when the context is done; a
// blocked read then continues until r ends.
func (i *serveInput) run(ctx context.Context, r io.Reader) error {
	in := bufio.NewReaderSize(r, 64<<10)
	for n := 1; ; n++ {
		text, err := readLine(in)
		if n == 1 {
			text = bytes.TrimPrefix(text, []byte("\ufeff")) // some programs write a byte order mark
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if len(bytes.TrimSpace(text)) > 0 || errors.Is(err, errLineTooLong) {
			if lineErr := i.publish(ctx, text, err); lineErr != nil {
				i.failed++
				i.tell.warn(fmt.Sprintf("line %d: %v", n, lineErr), "line", n)
			} else {
				i.published++
			}
		}
		switch {
		case err == nil, errors.Is(err, errLineTooLong):
		case errors.Is(err, io.EOF):
			return nil
		default:
			return err
		}
	}
}

func (i *serveInput) publish(ctx context.Context, text []byte, err error) error {
	if errors.Is(err, errLineTooLong) {
		return err
	}
	var l line
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	var misfit *json.UnmarshalTypeError
	switch err := dec.Decode(&l); {
	case errors.As(err, &misfit) && misfit.Field != "":
		return fmt.Errorf("not a JSON event: %q must be a string, not %s", misfit.Field, misfit.Value)
	case errors.As(err, &misfit):
		return fmt.Errorf("not a JSON event: must be an object, not %s", misfit.Value)
	case err != nil:
		return fmt.Errorf("not a JSON event: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("not a JSON event: text after the object")
	}
	switch {
	case l.Session == "":
		return errors.New(`"session" is missing`)
	case l.Event == "":
		return errors.New(`"event" is missing`)
	case l.Data == nil:
		return errors.New(`"data" is missing`)
	}
	for {
		_, err = i.srv.PublishJSON(ctx, l.Session, l.Event, l.Data)
		if !errors.Is(err, eventlog.ErrUnavailable) { // in that case nothing was published
			return err
		}
		i.tell.warn(fmt.Sprintf("waiting for the log: %v", err))
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return err
		}
	}
}

var errLineTooLong = fmt.Errorf("longer than %d bytes", maxLine)

// readLine reads a line. It skips the rest of a line longer than maxLine.
func readLine(r *bufio.Reader) ([]byte, error) {
	var text []byte
	tooLong := false
	for {
		part, err := r.ReadSlice('\n')
		if tooLong = tooLong || len(text)+len(part) > maxLine; tooLong {
			text = nil
		} else {
			text = append(text, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case tooLong: // the next call returns err
			return nil, errLineTooLong
		default:
			return text, err
		}
	}
}
