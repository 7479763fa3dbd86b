// Package client reads the events of any streaming operation of an OpenAPI document. It
// delivers every event once, in order and typed, over any number of reconnections, or
// returns an explicit error. Silence never means loss. It publishes events as well.
//
// The command eventgen writes a descriptor for each streaming operation of a spec, and
// [New] takes it:
//
//	c, err := client.New(api.OrderEvents, "https://orders.example.com/v2")
//	...
//	stream, err := c.Open(ctx, api.OrderEventsRequest{OrderID: "order-7"}, client.FromStart())
//	...
//	defer stream.Close()
//	for event, err := range stream.All() {
//		...
//		switch data := event.Data.(type) {
//		case *api.OrderShipped:
//			fmt.Println(data.Carrier)
//		case *api.UnknownEvent:
//			log.Printf("unknown event %q", data.Name)
//		}
//	}
//
// There are two layers. [Source] is a decoder of server-sent events that reconnects, for any
// API: the caller gives it a function that makes one request. [Stream] is a Source whose
// events have the generated types. [Read] makes a Stream of requests that the caller sends.
// Package mix is the client of this repository's own contract.
//
// The caller pulls from both layers. No goroutine and no channel stands between the socket
// and the caller, so a caller that reads slowly slows the sender. Memory stays flat: the
// decoder reads ahead 64 KiB, or a few times the largest event. Over HTTP/2 the window of
// the stream adds to that (4 MiB in net/http).
//
// # Reconnection
//
// After a cut, the client opens the stream again. It sends the id of the last event that it
// delivered in the header Last-Event-ID. A stream is over, with a nil error:
//
//   - after a 204, which says that there is nothing more;
//   - at what the End of the operation, [Until], [UntilEvent] or [UntilData] name;
//   - after the event of the contract that says that its own session was deleted.
//
// The end of an answer's body is none of these, even an orderly one: a proxy may have made
// it. A stream ends with an error when the context is done, and after [Stream.Close]. It
// also ends with one after a status that a repetition does not mend, a wrong content type, a
// gap, or a cut after which it cannot be resumed. It ends with one as well when reconnecting
// has failed for too long ([RetryPolicy]).
//
// # What is never sent twice
//
// A request with a method that is not safe, such as POST, may do twice what it asks for if
// it arrives twice. Open sends it again only if nothing of it was sent, because the dial or
// a request editor failed. It returns every answer to it that is not a stream, even a 429 or
// 503 with Retry-After: the caller knows what a repetition costs. Any other failure, and any
// later cut, is [ErrNotResumable].
//
// A cut of a safe request's stream is also ErrNotResumable if nothing says where to go on:
// its events have no ids, or none has come and the server has told no position.
// [ContinueOnGap] lifts that for safe methods.
//
// If the operation has a Resume, the spec says how its streams go on: by another operation,
// or by a parameter. After a cut, Open makes that request with the values that the events
// had. The request has the headers and passes the request editors of every attempt, and has
// Last-Event-ID if there were ids. Open repeats a failed attempt. It trusts the server that
// no event after the named position is lost or comes twice.
//
// The cut is ErrNotResumable, even with ContinueOnGap, if a value has not come yet, or if
// neither an id nor a parameter says where to go on. A position from [After] or a header
// counts only before the first event. A safe request that was cut before its first event is
// made again. Read takes any other way to resume.
//
// # What the promise is worth
//
// The promise that no event is lost or comes twice rests on ids, and on a server that
// honours Last-Event-ID. A server could ignore the header unseen. The client finds out in
// three ways:
//
//   - The contract has an event that begins each stream and tells its position, such as
//     connected. Another position than the client asked for is a gap.
//   - The answer has a header Last-Event-ID with the position, as the server of this module
//     and Mercure send it. Another position than the client asked for is a gap. The
//     position also makes a stream resumable before its first event.
//   - The server answers 410 (Gone) with such a header: it no longer retains all events up
//     to that position. That is a gap as well.
//
// If a server does none of these, the client asks for what follows the last id, and trusts
// the server. An event without an id belongs to the last event before it that had one, as
// the standard says; after a cut, such a server decides whether the event comes again. An
// event without the value that a Resume names belongs to the one before it as well.
//
// # Publishing
//
// A [Publisher] appends events to a stream, on a server that takes them over HTTP. It
// repeats failed attempts under one Idempotency-Key, so that no event is published twice.
//
// # Redirects
//
// The client follows the answers 301, 302, 303, 307 and 308, up to ten in a row, with
// Last-Event-ID. The next reconnection begins at the first URL again. A POST follows only
// 307 and 308, with its body, since the others make a GET of it.
//
// A server of another origin gets Accept, Accept-Encoding, Cache-Control, Content-Type,
// Idempotency-Key and Last-Event-ID, and no other header. It gets no Authorization, no
// Cookie that is not its own, and nothing set by [WithHeader], a request editor or a
// parameter: any of it may be a credential. It does not get Referer, which has the session's
// id. Another origin has another scheme, host or port; https on the usual port counts as the
// origin of http on the usual port of the same host. The client cannot withhold what a
// transport adds by itself.
//
// A redirect ends the stream with an *[APIError] if it has no usable Location, or if the
// CheckRedirect of the HTTP client refuses it. It also does so if it leads to another origin
// and a header or cookie of a Resume says where to go on.
//
// # Compression
//
// Requests ask for the identity encoding, since a compressor may hold events back. An answer
// of a server that compresses all the same is an *[APIError], and not a stream of garbage.
// If the http.Transport of a Source asks for gzip by itself, it decompresses the events as
// they come.
//
// # Deviations from the standard
//
// The WHATWG HTML standard, section 9.2, is written for browsers. This package departs from
// it where a backend needs more:
//
//   - In a browser, any failure but a network error ends the stream. The client retries
//     408, 425, 429 and 5XX answers, since they pass. It tries once more after a 401 if a
//     request editor may have a fresh token. On the first connection it returns 500 and most
//     other 5XX instead, so that the caller learns at once.
//   - The client honours the header Retry-After beside the retry field, since a server under
//     load asks for time with it.
//   - The retry field is the least delay and not the delay. The client adds a random time
//     that grows, so that its reconnections do not overrun a server that comes back. The
//     delay has a limit, so that a wrong one cannot stop a stream for days.
//   - Reconnecting ends at the limits of the [RetryPolicy], since no user is there to close
//     the page. [RetryPolicy] can lift them.
//   - The client gives up a connection that brings nothing for the idle timeout. It would
//     not notice a dead peer otherwise.
//   - Any method and body may open a stream, since many APIs stream the answer to a POST.
//     Each attempt of a Source sends the body again; Open and Read never do if that is not
//     safe.
//   - A stream without ids ends at a cut, with an error. A browser would go on with
//     whatever comes next.
//   - An id that a header cannot carry ends the stream with [ErrLastEventID] at the next
//     reconnection. A browser would send another id, or none, and lose events in silence.
//   - An event over the size limit comes without its data, so that memory is bounded.
//   - The caller can replace the headers of the request, even Accept and Cache-Control,
//     since a proxy may need others. No CORS, no credentials mode and no origin apply: they
//     protect the users of browsers.
//   - An event without a name has the name "", and not "message".
package client
