// Package client reads a session's events: every event once, in order, typed,
// over any number of reconnections; or an explicit error. Silence never means
// loss. It publishes events as well.
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
// caller, so a caller that reads slowly slows the sender, and memory stays flat:
// what a decoder reads ahead, 64 KiB or a few times the largest event, and over
// HTTP/2 the window of the stream (4 MiB in net/http).
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
// That nothing is lost rests on the ids: on events that have one, and on a server
// that honours Last-Event-ID. The latter is checked, for the first event, connected,
// tells where a stream goes on: anywhere else than it was asked to is a gap. A
// Source, which does not know that event, cannot tell.
//
// # Publishing
//
// [Client.Publish] and [Client.PublishLines] append events to a session, on a server
// that takes them over HTTP. What fails is repeated under one Idempotency-Key, so that
// nothing is published twice.
//
// # Redirects
//
// Answers 301, 302, 303, 307 and 308 are followed, up to ten in a row, with
// Last-Event-ID; the next reconnection begins at the first URL again. What publishes
// follows only 307 and 308, since the others make a GET of it. A server of
// another origin (scheme, host or port; but from http to https of the same host, on
// their usual ports, is no other one) is sent Accept, Accept-Encoding, Cache-Control
// and Last-Event-ID (of what publishes, Accept, Content-Type and Idempotency-Key),
// and nothing else: no Authorization, no Cookie
// that is not its own, and nothing that [WithHeader] or a request editor has
// set, for who knows which header is a credential. Neither is it sent Referer,
// which has the session's id. What a transport adds by itself cannot be withheld.
// A redirect without a usable Location, or that the CheckRedirect of the HTTP client
// refuses, ends the stream with an *[APIError].
//
// # Compression
//
// Requests ask for the identity encoding, since a compressor may hold events back.
// A server that compresses all the same is an *[APIError], and not a stream of
// garbage. A Source whose http.Transport asked for gzip by itself gets its events
// decompressed by it, as they come.
//
// # Deviations from the standard
//
// The WHATWG HTML standard, section 9.2, is written for browsers. This package
// departs from it where a backend needs more:
//
//   - Any failure but a network error ends a browser's stream. Here 408, 425, 429
//     and 5XX answers are retried, since they pass, and a 401 is tried once more
//     if a request editor may have a fresh token. On the first connection 500 and
//     most other 5XX are returned instead: whoever opens a stream is to know.
//   - The header Retry-After is honoured beside the retry field, since that is
//     how a server under load asks for time.
//   - The retry field is the least delay and not the delay: a random time that
//     grows is added, so that a server that comes back is not run over. It is
//     bounded, so that a wrong one cannot end a stream for days.
//   - Reconnecting ends at the limits of the [RetryPolicy], since no user is there
//     to close the page. [RetryPolicy] can lift them.
//   - A connection on which nothing comes for the idle timeout is given up, since a
//     dead peer would not be noticed otherwise.
//   - A Source may use any method and body, and each attempt sends the body again,
//     since many APIs stream the answer to a POST.
//   - An id that a header cannot carry ends the stream with [ErrLastEventID] at the
//     next reconnection. A browser would send another id, or none, and lose events
//     in silence.
//   - An event over the size limit comes without its data, so that memory is
//     bounded.
//   - The headers of the request, also Accept and Cache-Control, can be replaced
//     by the caller's, who may have to please a proxy. No CORS, no credentials mode
//     and no origin apply, for these protect the users of browsers.
//   - An event without a name has the name "", and not "message".
package client
