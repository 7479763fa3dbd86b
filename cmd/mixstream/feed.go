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

// maxLine is the longest line that is read as an event.
const maxLine = 16 << 20

// feed publishes events that come as lines of JSON.
type feed struct {
	srv  *mix.Server
	tell teller // of bad lines

	published, failed int // lines
}

// line is one line of the input.
type line struct {
	Session string          `json:"session"`
	Event   string          `json:"event"`
	Data    json.RawMessage `json:"data"`
}

// run publishes all lines of r. It returns at the end of r, or when the context
// is done; a read that is under way then goes on until r ends.
func (f *feed) run(ctx context.Context, r io.Reader) error {
	in := bufio.NewReaderSize(r, 64<<10)
	for n := 1; ; n++ {
		text, err := readLine(in)
		if n == 1 {
			text = bytes.TrimPrefix(text, []byte("\ufeff")) // some programs begin a file so
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if len(bytes.TrimSpace(text)) > 0 || errors.Is(err, errLineTooLong) {
			if lineErr := f.publish(ctx, text, err); lineErr != nil {
				f.failed++
				f.tell.warn(fmt.Sprintf("line %d: %v", n, lineErr), "line", n)
			} else {
				f.published++
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

func (f *feed) publish(ctx context.Context, text []byte, err error) error {
	if errors.Is(err, errLineTooLong) {
		return err
	}
	var l line
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	var misfit *json.UnmarshalTypeError
	switch err := dec.Decode(&l); {
	case errors.As(err, &misfit) && misfit.Field != "":
		return fmt.Errorf("not a JSON event: %q must be a string, and is %s", misfit.Field, misfit.Value)
	case errors.As(err, &misfit):
		return fmt.Errorf("not a JSON event: must be an object, and is %s", misfit.Value)
	case err != nil:
		return fmt.Errorf("not a JSON event: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("not a JSON event: something follows the object")
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
		_, err = f.srv.PublishJSON(ctx, l.Session, l.Event, l.Data)
		if !errors.Is(err, eventlog.ErrUnavailable) { // with which nothing was published
			return err
		}
		f.tell.warn(fmt.Sprintf("waiting for the log: %v", err))
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return err
		}
	}
}

var errLineTooLong = fmt.Errorf("longer than %d bytes", maxLine)

// readLine reads a line. What is longer than maxLine is read over.
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
		case tooLong: // what err is will show at the next call
			return nil, errLineTooLong
		default:
			return text, err
		}
	}
}
