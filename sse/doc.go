// Package sse reads and writes the text/event-stream wire format of
// server-sent events, and nothing else: no HTTP, no reconnection, no JSON.
//
// A [Decoder] takes a stream apart exactly as the WHATWG HTML standard, section
// 9.2.6 "Interpreting an event stream", has a browser do it. It also tells a
// stream that has ended from one that was cut off, and goes on after an event
// that is too large. [Append] and [Encoder] write events, and refuse with a
// [*FieldError] what the format cannot carry.
//
// Both directions work on borrowed bytes, and allocate nothing for an event once
// their buffers have grown to the size of the stream's events. However much a
// peer sends, it takes no more memory than a limit allows: see
// [Decoder.SetMaxEventSize].
package sse
