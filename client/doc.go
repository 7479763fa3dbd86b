// Package client reads a session's events: every event once, in order, typed,
// over any number of reconnections; or an explicit error. Silence never means
// loss.
//
//	c, err := client.New("https://agents.example.com")
//	...
//	stream, err := c.StreamEvents(ctx, "session-1", nil)
//	...
//	defer stream.Close()
//	for event, err := range stream.All() {
//		...
//		switch data := event.Data.(type) {
//		case *gen.ContentData:
//			fmt.Print(data.Content)
//		case *gen.UnknownEvent:
//			log.Printf("unknown event %q", data.Name)
//		}
//	}
//
// There are two layers. [Source] is a decoder of server-sent events that
// reconnects, for any API: it is given a function that makes one request.
// [Stream] is a Source whose events are decoded into the types of package gen.
//
// Both are pulled: no goroutine and no channel stands between the socket and the
// caller, so a caller that reads slowly slows the sender, and memory stays flat.
//
// # Reconnection
//
// A stream that ends for any reason but those below is opened again, with the id
// of the last event that was delivered in the header Last-Event-ID. It is really
// over, with a nil error, after the session's own session_deleted, after a 204,
// or after a complete event under [UntilComplete]. It ends with an error when
// the context is done, on [Stream.Close], on a status that a repetition does not
// mend, on a wrong content type, on a gap, and when reconnecting has failed for
// too long ([RetryPolicy]).
//
// # Deviations from the standard
//
// The WHATWG HTML standard, section 9.2, is written for browsers. This package
// departs from it where a backend needs more: 408, 425, 429 and 5XX answers are
// retried, since they pass; the header Retry-After is honoured beside the retry
// field; the delay grows and has jitter, so that a server that comes back is not
// run over; and a Source may use any method and body, since many APIs stream the
// answer to a POST.
package client
