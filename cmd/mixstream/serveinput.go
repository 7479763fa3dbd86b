package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/mixstream/mixstream/contract/eventjson"
	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/internal/excerpt"
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

// line is one line of the input. Data is a part of its text.
type line struct {
	session, event string
	data           []byte
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
	l, err := parseLine(text)
	if err != nil {
		return err
	}
	for {
		_, err = i.srv.PublishJSON(ctx, l.session, l.event, l.data)
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

// parseLine returns the line that is in text. Package server checks the data.
func parseLine(text []byte) (line, error) {
	var l line
	seen := map[string]bool{}
	d := eventjson.NewDecoder(text)
	for ok := d.Object(); ok; ok = d.NextMember() {
		name := string(d.Name())
		if seen[name] {
			return l, fmt.Errorf("not a JSON event: %q comes twice", name)
		}
		seen[name] = true
		switch name {
		case "session":
			l.session = d.String()
		case "event":
			l.event = d.String()
		case "data":
			l.data = d.Raw()
		default:
			return l, fmt.Errorf("not a JSON event: unknown field %s", excerpt.Quote(name))
		}
	}
	if d.Failed() {
		return l, notLine(d.Finish())
	}
	switch {
	case d.Finish() != nil:
		return l, errors.New("not a JSON event: text after the object")
	case l.session == "":
		return l, errors.New(`"session" is missing`)
	case l.event == "":
		return l, errors.New(`"event" is missing`)
	case l.data == nil:
		return l, errors.New(`"data" is missing`)
	}
	return l, nil
}

// notLine returns the error of text whose envelope, the object around the data, is wrong.
func notLine(err error) error {
	if wrong, ok := errors.AsType[*eventjson.Error](err); ok {
		if member := strings.TrimPrefix(wrong.Path, "/"); member != "" {
			return fmt.Errorf("not a JSON event: %q %s", member, excerpt.Text(wrong.Reason))
		}
		return fmt.Errorf("not a JSON event: %s", excerpt.Text(wrong.Reason))
	}
	return fmt.Errorf("not a JSON event: %w", err)
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
