package client

import (
	"net/http"
	"strings"
)

// lastEventIDHeader is the canonical form of Last-Event-ID, the header that carries a
// position (WHATWG HTML, section 9.2.4). In an answer it is the position from which the
// stream goes on, as in Mercure.
const lastEventIDHeader = "Last-Event-Id"

// isSafe reports whether repeating a request of this method has no effect on the server
// (RFC 9110, section 9.2.1). OpenAPI 3.2 also knows QUERY, a GET with a body.
func isSafe(method string) bool {
	switch method {
	case "", http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace, "QUERY":
		return true
	}
	return false
}

// isEventStream reports whether the content type is text/event-stream, with any parameters.
func isEventStream(h http.Header) bool {
	mediaType, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	return strings.EqualFold(strings.Trim(mediaType, " \t"), "text/event-stream")
}

// isEncoded reports whether the body still has a content encoding (RFC 9110, section 8.4).
func isEncoded(h http.Header) bool {
	for _, coding := range h.Values("Content-Encoding") {
		if coding != "" && !strings.EqualFold(coding, "identity") {
			return true
		}
	}
	return false
}

// isToken reports whether s can be the name of a header (RFC 9110, section 5.6.2).
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !letter && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return s != ""
}

// legalHeader reports whether s can be the value of a header (RFC 9110, section 5.5).
func legalHeader(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// legalID reports whether a header carries the id to the server unchanged. HTTP strips
// white space around a value (RFC 9110, section 5.5).
func legalID(id string) bool { return legalHeader(id) && strings.Trim(id, " \t") == id }
