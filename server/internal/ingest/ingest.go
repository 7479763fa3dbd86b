// Package ingest publishes over HTTP: one event as application/json, or a stream of them, one
// a line, as application/x-ndjson.
//
// The server admits a request, and [Handler.Serve] does the rest over an [Appender], which
// stands for one session of the log. A request goes through these parts:
//
//	body.go      reads the body and bounds how long that takes
//	progress.go  ends a body that brings no event for too long
//	drain.go     ends the bodies of a server that shuts down
//	event.go     decodes an event
//	request.go   checks the events and appends them
//	batch.go     collects events that one append takes
//	key.go       finds the events that an earlier request has published
//	renew.go     keeps the log from forgetting the key meanwhile
//	failure.go   says why a request failed, where, and how far it came
package ingest

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/mixstream/mixstream/contract/eventjson"
	"github.com/mixstream/mixstream/eventlog"
)

// Media types of a body.
const (
	mediaJSON   = "application/json"
	mediaNDJSON = "application/x-ndjson"
)

// MediaType returns the media type of a body, or why Serve does not take it.
func MediaType(h http.Header) (string, error) {
	if coding := h.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return "", errors.New("the body must not be compressed")
	}
	if values := h["Content-Type"]; len(values) == 1 {
		mediaType := values[0]
		if mediaType != mediaJSON && mediaType != mediaNDJSON {
			mediaType, _, _ = mime.ParseMediaType(mediaType)
		}
		if mediaType == mediaJSON || mediaType == mediaNDJSON {
			return mediaType, nil
		}
	}
	return "", errors.New("the content type must be " + mediaJSON + " or " + mediaNDJSON)
}

// Appender is what a request needs of the server, for one session.
type Appender interface {
	// NameOf returns the name of an event that came without one. It returns false if the
	// spec requires a name beside the data, which is JSON.
	NameOf(data []byte) (name string, ok bool)
	// Accepts reads the next value of d and reports whether it fits the rules of an event's
	// data. It consumes only data that fits. Event.Fits tells Check, which then does not
	// read the data again.
	Accepts(name string, d *eventjson.Decoder) bool
	// Check returns the entry of an event, or why it must not be published: an error whose
	// text the client is told, and which is ErrTooLarge for data over the limit. The entry has
	// a copy of the data.
	Check(ctx context.Context, e Event) (Checked, error)
	// Append appends some of the entries, at least the first, and returns how many. If it
	// fails, it has appended none, unless the error is an eventlog.ErrOutcomeUnknown. The key
	// is nil, or one that Append moves; Append closes it only with the last of the entries.
	Append(ctx context.Context, key *eventlog.Key, entries []eventlog.Entry) (n int, err error)
}

// Checked is an event that may be published.
type Checked struct {
	Entry eventlog.Entry
	// Done tells the server that the entry is in the log under this id, or why it is not.
	// It is nil if the server does not want to know.
	Done func(id uint64, err error)
}

// Errors that cross the Appender.
var (
	// ErrTooLarge says that the data of an event is over a limit of size.
	ErrTooLarge = errors.New("the data is too large")
	// ErrRepeated is what Done is called with for an event that an earlier request has
	// published under the same Idempotency-Key.
	ErrRepeated = errors.New("server: published before, under the same Idempotency-Key")
)

// Handler serves requests that the server has admitted. Its fields must not change after the
// first request.
type Handler struct {
	EventSize   int           // the size of an event's data, in bytes
	IdleTimeout time.Duration // how long a body may bring no whole event; zero: any time
	Logger      *slog.Logger  // for failures whose reason the client is not told
	// Fail writes the answer to a request that has failed.
	Fail func(http.ResponseWriter, Failure)

	drain drain
}

// Serve publishes the body of a request, whose media type is one of the two, and answers the
// request. Session is the name that the client knows.
func (h *Handler) Serve(w http.ResponseWriter, r *http.Request, session string, to Appender) {
	b := h.openBody(w, r)
	defer b.close()
	q := &request{handler: h, session: session, to: to, body: b, keyLock: make(chan *key, 1)}
	q.giveBack(new(key))
	publish := q.publishLines
	if mediaType, _ := MediaType(r.Header); mediaType == mediaJSON {
		publish = q.publishOne
	}
	if err := publish(r); err != nil {
		failed := q.failure(r, err)
		b.beginAnswer()
		h.Fail(w, failed)
		return
	}
	b.beginAnswer()
	w.Header().Set("Content-Type", mediaJSON)
	w.WriteHeader(http.StatusCreated)
	_, _ = w.Write(q.published.answer()) // a client that has left cannot be answered
}

// maxLine returns the length of an event with all that stands around its data.
func (h *Handler) maxLine() int { return 2*h.EventSize + 4<<10 }

func formatID(id uint64) string { return strconv.FormatUint(id, 10) }

// isEOF reports whether a body is at its end.
func isEOF(err error) bool { return errors.Is(err, io.EOF) }
