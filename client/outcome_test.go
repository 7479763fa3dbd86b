package client

import (
	"errors"
	"io"
	"testing"
)

// Each row of the table of outcome.after, without a server.
func TestOutcome(t *testing.T) {
	lost := sentError{io.ErrUnexpectedEOF}
	unsent := unsentError{errors.New("no token")}
	counted := func(status int, invalid bool) error {
		return &APIError{StatusCode: status, Published: &Published{Count: 1, invalid: invalid}}
	}
	ofTheSpec := func(status int) error { return &APIError{StatusCode: status, Err: errors.New("of the spec")} }
	for name, test := range map[string]struct {
		attempts []error
		want     outcome
	}{
		"published":                            {[]error{nil}, outcomePublished},
		"published after all":                  {[]error{lost, nil}, outcomePublished},
		"not sent":                             {[]error{unsent}, outcomeNothing},
		"no answer":                            {[]error{lost}, outcomeUnknown},
		"no answer, then not sent":             {[]error{lost, unsent}, outcomeUnknown},
		"a proxy's 502":                        {[]error{&APIError{StatusCode: 502}}, outcomeUnknown},
		"a 200":                                {[]error{&APIError{StatusCode: 200}}, outcomeUnknown},
		"a bare 429":                           {[]error{&APIError{StatusCode: 429}}, outcomeUnknown},
		"a 503 of the spec":                    {[]error{ofTheSpec(503)}, outcomeNothing},
		"a 201 without a firstId":              {[]error{counted(201, false)}, outcomeUnknown},
		"a 429 of the spec":                    {[]error{ofTheSpec(429)}, outcomeNothing},
		"a redirect that is not followed":      {[]error{ofTheSpec(303)}, outcomeNothing},
		"a 401":                                {[]error{&APIError{StatusCode: 401}}, outcomeNothing},
		"no answer, then a 401":                {[]error{lost, &APIError{StatusCode: 401}}, outcomeUnknown},
		"counted, by a log without an answer":  {[]error{counted(503, false)}, outcomeUnknown},
		"counted, the key is forgotten":        {[]error{counted(409, false)}, outcomeUnknown},
		"a bad event, then not sent":           {[]error{counted(400, true), unsent}, outcomeRefused},
		"counted, a bad event":                 {[]error{counted(400, true)}, outcomeRefused},
		"no answer, then a bad event":          {[]error{lost, counted(400, true)}, outcomeRefused},
		"no answer, then a large event":        {[]error{lost, counted(413, true)}, outcomeRefused},
		"no answer, then a malformed request":  {[]error{lost, counted(400, false)}, outcomeUnknown},
		"no answer, then another body":         {[]error{lost, counted(422, true)}, outcomeUnknown},
		"a bad event, then no answer":          {[]error{counted(400, true), lost}, outcomeUnknown},
		"no answer, a bad event, then refused": {[]error{lost, counted(400, true), counted(401, false)}, outcomeRefused},
	} {
		got := outcomeNothing
		for _, err := range test.attempts {
			got = got.after(err)
		}
		if got != test.want {
			t.Errorf("%s: %d, want %d", name, got, test.want)
		}
	}
}
