// Package client reads the events of any streaming operation of an OpenAPI document: every
// event once, in order, typed, over any number of reconnections; or an explicit error.
// Silence never means loss. It publishes events as well.
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
// There are two layers. [Source] is a decoder of server-sent events that
// reconnects, for any API: it is given a function that makes one request.
// [Stream] is a Source whose events have the generated types. [Read] makes one of requests
// that the caller sends. Package mix is the client of this repository's own contract.
//
// Both layers are pulled: no goroutine and no channel stands between the socket and the
// caller, so a caller that reads slowly slows the sender, and memory stays flat:
// what a decoder reads ahead, 64 KiB or a few times the largest event, and over
// HTTP/2 the window of the stream (4 MiB in net/http).
//
// # Reconnection
//
// The client opens a stream that was cut again, with the id of the last event that was
// delivered in the header Last-Event-ID. A stream is really over, with a nil error:
//
//   - after a 204, which says that there is nothing more;
//   - at what the End of the operation, [Until], [UntilEvent] or [UntilData] name;
//   - after the event of the contract that says that its own session was deleted.
//
// The end of an answer's body is none of these, also if it is orderly: a proxy may have made
// it. A stream ends with an error when the context is done, on [Stream.Close], on a status
// that a repetition does not mend, on a wrong content type, on a gap, when it cannot be
// resumed, and when reconnecting has failed for too long ([RetryPolicy]).
//
// # What is never sent twice
//
// A request with a method that is not safe, such as POST, may do twice what it asks for if
// it arrives twice. Open sends it again only if nothing of it was sent: the dial or a
// request editor failed. It returns every answer to it that is no stream, also a 429 or 503
// with Retry-After: the caller knows what a repetition costs. Any other failure, and any cut
// later, is [ErrNotResumable]. So is the cut of a safe request's stream from which nothing
// says where to go on: its events have no ids, or none has come and the server has told no
// position. [ContinueOnGap] lifts that for safe methods.
//
// Where the operation has a Resume, the spec says how its streams go on: by another
// operation, or by a parameter. After a cut, Open makes that request, with the values that
// the events had, the headers and the request editors of every attempt, and Last-Event-ID if
// there were ids. It repeats a failed attempt. It trusts the server that nothing is lost or
// doubled behind the position that the parameters name. If a value has not come yet, or if
// neither an id nor a parameter says where to go on, the cut is ErrNotResumable, also with
// ContinueOnGap. A position that no event told, but [After] or a header, counts only before
// the first event. A safe request that was cut before its first event is made again.
//
// Read takes any other way to resume.
//
// # What the promise is worth
//
// That nothing is lost or doubled rests on ids, and on a server that honours Last-Event-ID.
// A server could ignore the header unseen. The client finds out in three ways:
//
//   - The contract has an event that begins each stream and tells where it goes on, such as
//     connected. Anywhere else than it was asked to is a gap.
//   - The answer has a header Last-Event-ID with the position, as the server of this module
//     and Mercure send it. Another position than the one that was asked for is a gap. The
//     position also makes a stream resumable before its first event.
//   - The server answers 410 (Gone) with such a header: the events up to that position are
//     no longer all retained. That is a gap as well.
//
// Where a server does none of these, the client asks for what follows the last id, and
// trusts the server. An event without an id counts to the one before it that had one, as the
// standard has it; after a cut, such a server decides whether it comes again. An event
// without the value that a Resume names counts to the one before it as well.
//
// # Publishing
//
// A [Publisher] appends events to a stream, on a server that takes them over HTTP. It repeats
// what fails under one Idempotency-Key, so that nothing is published twice.
//
// # Redirects
//
// Answers 301, 302, 303, 307 and 308 are followed, up to ten in a row, with
// Last-Event-ID; the next reconnection begins at the first URL again. A POST
// follows only 307 and 308, with its body, since the others make a GET of it. A server of
// another origin (scheme, host or port, except from http to https of the same host on
// their usual ports) gets Accept, Accept-Encoding, Cache-Control, Content-Type,
// Idempotency-Key and Last-Event-ID, and no other header: no Authorization, no Cookie
// that is not its own, and nothing set by [WithHeader], a request editor or a parameter,
// since any of it may be a credential. It does not get Referer either, which has the
// session's id. The client cannot withhold what a transport adds by itself. Where a header or
// cookie of a Resume says where to go on, such a redirect ends the stream with an *[APIError].
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
//     most other 5XX are returned instead, so that the caller learns at once.
//   - The header Retry-After is honoured beside the retry field, since that is
//     how a server under load asks for time.
//   - The retry field is the least delay and not the delay: a random time that
//     grows is added, so that a server that comes back is not run over. It is
//     bounded, so that a wrong one cannot end a stream for days.
//   - Reconnecting ends at the limits of the [RetryPolicy], since no user is there
//     to close the page. [RetryPolicy] can lift them.
//   - A connection on which nothing comes for the idle timeout is given up, since a
//     dead peer would not be noticed otherwise.
//   - Any method and body may open a stream, since many APIs stream the answer to a POST.
//     Each attempt of a Source sends the body again; Open and Read never do where that is
//     not safe.
//   - A stream without ids ends at a cut, with an error. A browser would go on with
//     whatever comes next.
//   - An id that a header cannot carry ends the stream with [ErrLastEventID] at the
//     next reconnection. A browser would send another id, or none, and lose events
//     in silence.
//   - An event over the size limit comes without its data, so that memory is
//     bounded.
//   - The headers of the request, also Accept and Cache-Control, can be replaced
//     by the caller's, since a proxy may need others. No CORS, no credentials mode
//     and no origin apply: these protect the users of browsers.
//   - An event without a name has the name "", and not "message".
package client
