package server

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/contract/eventjson"
	"github.com/mixstream/mixstream/contract/jsonschema"
)

// check refuses an event that must not be published: the one check of Publish, of PublishJSON and
// of what comes over HTTP. data is its JSON, which may have white space. fits says that the
// rules of the event have accepted it. The error is a *PublishError.
//
// Some entries of a log are not checked here. The server itself writes the data of its own events;
// createSession checks the title, which is all that an application adds. An event that ends its
// session is checked before it becomes a part of such an entry. A copy of a log takes events that
// were checked when they were published.
func (s *engine) check(name string, data []byte, fits bool) error {
	if err := s.whyNot(name, data, fits); err != nil {
		return &PublishError{Event: name, Err: err}
	}
	return nil
}

// whyNot returns the reason for which an event must not be published; nil if there is none.
func (s *engine) whyNot(name string, data []byte, fits bool) error {
	rules := s.op.rules(name)
	switch {
	case rules == nil:
		return contract.ErrUnknownEvent
	case s.op.open && (strings.ContainsAny(name, "\r\n") || !utf8.ValidString(name)):
		return fmt.Errorf("%w: a name must be one line of valid UTF-8", contract.ErrUnknownEvent)
	case s.op.words.Reserves(name, data):
		return ErrReservedEvent
	}
	if !fits {
		if err := s.checkRules(rules, name, data); err != nil {
			return err
		}
	}
	if s.op.words.IsText(name) && hasCarriageReturn(data) {
		return &contract.InvalidEventError{Event: name, Reason: "must have no carriage return: a stream would change it"}
	}
	if s.op.nameIn != "" && s.op.nameOf("", data) != name {
		return &contract.InvalidEventError{Event: name, Path: eventjson.PointerTo(s.op.nameIn), Reason: "must be the name of the event"}
	}
	return nil
}

// checkRules refuses data that does not fit the rules of an event. The error is a
// *contract.InvalidEventError.
func (s *engine) checkRules(rules *jsonschema.Rules, name string, data []byte) error {
	d := eventjson.NewDecoder(data)
	if s.checksSchema(d.Peek()) {
		return contract.Invalid(name, rules.Check(data))
	}
	return contract.Invalid(name, rules.CheckType(data))
}

// checksSchema reports whether data that begins with first is checked against the schema. null
// always is: every Go type takes it.
func (s *engine) checksSchema(first byte) bool { return s.cfg.checkEvents || first == 'n' }

// hasCarriageReturn reports whether data is a JSON string with a carriage return, which it must
// escape.
func hasCarriageReturn(data []byte) bool {
	if bytes.IndexByte(data, '\\') < 0 {
		return false
	}
	d := eventjson.NewDecoder(data)
	return strings.ContainsRune(d.String(), '\r')
}

// checkData refuses data, as the log would have it, that is too large or is the sentinel.
func (s *engine) checkData(name string, data []byte) error {
	if s.isSentinel(name, data) {
		return &contract.InvalidEventError{Event: name, Reason: "must not be the sentinel: readers would take the event for the end of the stream"}
	}
	return s.checkSize(data)
}

// isSentinel reports whether readers would take the data of an event for the sentinel.
func (s *engine) isSentinel(name string, data []byte) bool {
	if s.op.end.Data == "" {
		return false
	}
	return string(s.op.words.Shown(name, data)) == s.op.end.Data
}

func (s *engine) checkSize(data []byte) error {
	if len(data) > s.cfg.maxEventSize {
		return fmt.Errorf("%w: %d bytes, at most %d", ErrEventTooLarge, len(data), s.cfg.maxEventSize)
	}
	return nil
}
