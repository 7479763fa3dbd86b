package contract

import "slices"

// End describes what ends a stream besides the status 204. The zero End describes nothing.
type End struct {
	// Data is a sentinel: data such as "[DONE]" that is not an event and that nothing follows.
	// A server refuses to publish an event with that data. Empty: the stream has no sentinel.
	Data string
	// Events are the names of the events that nothing follows.
	Events []string
}

// After reports whether the event called name ends the stream. An empty name equals "message"
// (WHATWG HTML, section 9.2.6).
func (e End) After(name string) bool {
	return slices.Contains(e.Events, name) ||
		name == "" && slices.Contains(e.Events, "message") || name == "message" && slices.Contains(e.Events, "")
}
