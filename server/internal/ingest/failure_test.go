package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/server/internal/ingest"
)

const (
	unknown        = "the log of events did not answer, and it is unknown whether the last events are published: "
	unknownNoKey   = unknown + "without an Idempotency-Key a repetition may publish them again"
	unknownWithKey = unknown + "a repetition with the same Idempotency-Key publishes none of them twice"
)

// What the log fails with decides the answer, also if a line is refused behind what the log
// has not taken.
func TestLogFails(t *testing.T) {
	secret := errors.New("secret")
	wrapped := func(err error) error { return fmt.Errorf("%w: %w", secret, err) }
	for name, row := range map[string]struct {
		err          error
		status       int
		message, key string // key: the message under a key, if it is another one
		invalid      bool
	}{
		"deleted":     {wrapped(eventlog.ErrSessionDeleted), 404, `session "s" was deleted`, "", false},
		"reused":      {wrapped(eventlog.ErrKeyReused), 422, "the Idempotency-Key was used for another body", "", true},
		"forgotten":   {wrapped(eventlog.ErrKeyForgotten), 409, "the Idempotency-Key is not known any more: it is unknown whether the events after those counted are published, and a repetition may publish all of them again", "", false},
		"unknown":     {wrapped(eventlog.ErrOutcomeUnknown), 503, unknownNoKey, unknownWithKey, false},
		"unavailable": {wrapped(eventlog.ErrUnavailable), 503, "the log of events is unavailable", "", false},
		"too large":   {eventlog.ErrEntryTooLarge, 413, "the data is too large: " + eventlog.ErrEntryTooLarge.Error(), "", true},
		"deadline":    {wrapped(context.DeadlineExceeded), 503, unknownNoKey, unknownWithKey, false},
		"canceled":    {wrapped(context.Canceled), 503, "the request was ended by the server", "", false},
		"anything":    {secret, 500, "internal error", "", false},
	} {
		for bodyName, body := range map[string]string{"": line("a"), " before a bad line": line("a") + line("bad"), " before no event": line("a") + "nonsense\n"} {
			for _, key := range []string{"", "key"} {
				t.Run(name+bodyName+" "+key, func(t *testing.T) {
					log := &failing{memory(), func(context.Context, []eventlog.Entry) error { return row.err }}
					var logged strings.Builder
					got := run(log, request(t.Context(), ndjsonType, key, strings.NewReader(body)), func(h *ingest.Handler, _ *session) {
						h.Logger = slog.New(slog.NewTextHandler(&logged, nil))
					})
					want := ingest.Failure{Status: row.status, Message: row.message, Invalid: row.invalid}
					if key != "" && row.key != "" {
						want.Message = row.key
					}
					if got.Failure != want {
						t.Errorf("got %+v, want %+v", got.Failure, want)
					}
					if strings.Contains(logged.String(), "secret") != (row.status == http.StatusInternalServerError) {
						t.Errorf("logged %q", logged.String())
					}
				})
			}
		}
	}
}

// The log fails after a part of the body.
func TestLogFailsLater(t *testing.T) {
	n := 0
	log := &failing{memory(), func(context.Context, []eventlog.Entry) error {
		if n++; n > 1 {
			return eventlog.ErrUnavailable
		}
		return nil
	}}
	got := run(log, request(t.Context(), ndjsonType, "", strings.NewReader(lines(0, 300)+line("bad"))))
	if want := (ingest.Failure{Status: 503, Message: "the log of events is unavailable", Count: 256, LastID: got.LastID}); got.Failure != want || got.LastID == "" {
		t.Errorf("got %+v, want %+v", got.Failure, want)
	}
}

// A line that is refused is told with its number, and what comes before it is published. The answer
// does not wait for the rest of the body.
func TestLineRefused(t *testing.T) {
	for text, want := range map[string]ingest.Failure{
		line("a") + "\n" + line("bad") + line("b"): {Status: 400, Invalid: true, Line: 3, Count: 1, Message: "line 3: it is bad"},
		line("a") + line("too large"):              {Status: 413, Invalid: true, Line: 2, Count: 1, Message: "line 2: the data is too large: no more than this"},
		line("a") + strings.Repeat(" ", 7000):      {Status: 413, Invalid: true, Line: 2, Count: 1, Message: "line 2: the data is too large: longer than 6096 bytes"},
		`{"data":1}`:                               {Status: 400, Invalid: true, Line: 1, Message: `line 1: not an event: "event" is required`},
		"\n\n":                                     {Status: 400, Message: "the request is malformed: the body has no event"},
	} {
		got := run(memory(), request(t.Context(), ndjsonType, "", strings.NewReader(text)))
		if want.Count > 0 {
			want.LastID = got.LastID
		}
		if got.Failure != want || (got.LastID != "") != (want.Count > 0) {
			t.Errorf("%.40q: got %+v, want %+v", text, got.Failure, want)
		}
		if got.header.Get("Connection") != "close" {
			t.Errorf("%.40q: the connection stays open", text)
		}
	}
}

// The memory for a line is bounded, also if it comes in many reads.
func TestLongLine(t *testing.T) {
	body := strings.NewReader(strings.Repeat(" ", 1<<20))
	got := run(memory(), request(t.Context(), ndjsonType, "", body), func(h *ingest.Handler, _ *session) { h.EventSize = 50 << 10 })
	if read := 1<<20 - body.Len(); got.Status != 413 || read > 200<<10 {
		t.Errorf("got %+v after %d bytes", got, read)
	}
}

// A server without an observer is told nothing, and another one what becomes of each event.
func TestDone(t *testing.T) {
	log := memory()
	for _, row := range []struct {
		body, want string
	}{
		{lines(0, 2) + line("bad"), "published published"},
		{lines(0, 3), "repeated repeated published"},
		{lines(0, 3), "repeated repeated repeated"},
		{line("other"), "failed"},
	} {
		var told []string
		run(log, request(t.Context(), ndjsonType, "key", strings.NewReader(row.body)), func(_ *ingest.Handler, s *session) {
			s.told = func(id uint64, err error) {
				switch {
				case err == nil && id > 0:
					told = append(told, "published")
				case errors.Is(err, ingest.ErrRepeated):
					told = append(told, "repeated")
				default:
					told = append(told, "failed")
				}
			}
		})
		if got := strings.Join(told, " "); got != row.want {
			t.Errorf("%q: told %q, want %q", row.body, got, row.want)
		}
	}
	if got, want := stored(t, log), []string{`"0"`, `"1"`, `"2"`}; !slices.Equal(got, want) {
		t.Errorf("the log has %q", got)
	}
}
