package main

import (
	"bytes"
	"fmt"
)

// subject is one way to read a stream.
type subject struct {
	name string
	note string // what is measured, if that is not obvious

	// read reads the whole corpus and calls each for every event, in order. The event is valid
	// during the call only.
	read func(c *corpus, each func(event)) error

	// count reads the whole corpus and returns the numbers that job compares. Without it, job
	// counts with read: a call for each event, whose cost only the fastest subjects would
	// notice.
	count func(c *corpus) (events, size int, err error)

	peer bool // errors go into the table; errors of any other subject are ours

	// Deviations by design. The check of events accepts them, and the tables mention them.
	noID    bool // it does not report ids
	extraLF bool // its data ends with an additional LF
}

// deviation describes the subject's deviations from the standard by design.
func (s *subject) deviation() string {
	switch {
	case s.noID && s.extraLF:
		return "no ids; an LF too many at the end of the data"
	case s.noID:
		return "no ids"
	case s.extraLF:
		return "an LF too many at the end of the data"
	}
	return ""
}

// check reads the corpus and compares every event, byte for byte.
func (s *subject) check(c *corpus) error {
	n := 0
	var wrong error
	err := s.read(c, func(got event) {
		if wrong != nil {
			return
		}
		if n >= c.events {
			wrong = fmt.Errorf("more than %d events", c.events)
			return
		}
		wrong = s.compare(got, c.want(n), n)
		n++
	})
	switch {
	case wrong != nil:
		return fmt.Errorf("%s, %s: %w", s.name, c.name, wrong)
	case err != nil:
		return fmt.Errorf("%s, %s: after %d events: %w", s.name, c.name, n, err)
	case n != c.events:
		return fmt.Errorf("%s, %s: %d events of %d", s.name, c.name, n, c.events)
	}
	return nil
}

func (s *subject) compare(got, want event, n int) error {
	if s.noID {
		want.id = nil
	}
	data := got.data
	if s.extraLF {
		data = bytes.TrimSuffix(data, []byte("\n"))
	}
	switch {
	case !bytes.Equal(got.name, want.name):
		return fmt.Errorf("event %d: name %q, want %q", n, got.name, want.name)
	case !bytes.Equal(got.id, want.id):
		return fmt.Errorf("event %d: id %q, want %q", n, got.id, want.id)
	case !bytes.Equal(data, want.data):
		return fmt.Errorf("event %d: data of %d bytes %.40q…, want %d bytes %.40q…", n, len(data), data, len(want.data), want.data)
	}
	return nil
}

// job returns the job to read the corpus. It counts the events and their data, so that a
// subject that loses some does not appear fast.
func (s *subject) job(c *corpus) *job {
	wantSize := c.size
	if s.extraLF {
		wantSize += c.events
	}
	count := s.count
	if count == nil {
		count = s.countByRead
	}
	return &job{ops: c.events, run: func() error {
		events, size, err := count(c)
		if err == nil && (events != c.events || size != wantSize) {
			err = fmt.Errorf("%d events with %d bytes, want %d with %d", events, size, c.events, wantSize)
		}
		if err != nil {
			return fmt.Errorf("%s, %s: %w", s.name, c.name, err)
		}
		return nil
	}}
}

func (s *subject) countByRead(c *corpus) (events, size int, err error) {
	err = s.read(c, func(e event) {
		events++
		size += len(e.data)
	})
	return events, size, err
}
