package contract

import "slices"

// End says what ends a stream, beside the status 204. The zero End says nothing.
type End struct {
	// Data is a sentinel: data such as "[DONE]", which is no event and behind which
	// nothing follows. A server publishes no event with that data. Empty: there is none.
	Data string
	// Events are the names of the events behind which nothing follows.
	Events []string
}

// After reports whether nothing follows an event of this name. No name is the same as
// "message" (WHATWG HTML, section 9.2.6).
func (e End) After(name string) bool {
	return slices.Contains(e.Events, name) ||
		name == "" && slices.Contains(e.Events, "message") || name == "message" && slices.Contains(e.Events, "")
}
