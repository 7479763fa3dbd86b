// Package sse reads and writes the text/event-stream wire format of server-sent
// events, and nothing else: no HTTP, no reconnection, no JSON.
//
// A [Decoder] parses a stream exactly as the WHATWG HTML standard prescribes
// for browsers in section 9.2.6, "Interpreting an event stream". It also
// distinguishes a stream that ended from one that was cut off, and continues
// after an event that is too large. [Append] and [Encoder] write events. They
// refuse with a [*FieldError] what the format cannot carry.
//
// Both directions work on borrowed bytes. They allocate nothing for an event
// once their buffers have grown to the size of the stream's events. Whatever a
// peer sends, a decoder's memory stays within a limit: see
// [Decoder.SetMaxEventSize].
package sse
