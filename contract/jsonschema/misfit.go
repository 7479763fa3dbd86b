package jsonschema

import (
	"slices"
	"strings"

	"github.com/mixstream/mixstream/contract/eventjson"
	"github.com/mixstream/mixstream/internal/excerpt"
)

// misfit tells where a value does not fit, and why. It does not change: several values may
// share it.
type misfit struct {
	inner  *misfit // of a part of the value, or the reason without its end; nil: reason is all
	key    string  // the part of the value, if inner is not nil and reason is empty
	reason string  // why the value does not fit, or the end of that
}

// within returns the misfit as one of the value that contains this one at key.
func (m *misfit) within(key string) *misfit { return &misfit{inner: m, key: key} }

// because returns the misfit with one more reason.
func (m *misfit) because(reason string) *misfit {
	return &misfit{inner: m, reason: ", because " + reason}
}

// split returns the path, as a JSON Pointer (RFC 6901), and the reason.
func (m *misfit) split() (path, reason string) {
	var pointer strings.Builder
	var ends []string
	for ; m.inner != nil; m = m.inner {
		if m.reason != "" {
			ends = append(ends, m.reason)
			continue
		}
		pointer.WriteString(eventjson.PointerTo(m.key))
	}
	slices.Reverse(ends)
	return pointer.String(), excerpt.Cut(m.reason+strings.Join(ends, ""), maxReason)
}

// err returns the misfit as an error.
func (m *misfit) err() error {
	path, reason := m.split()
	return &eventjson.Error{Path: path, Reason: reason}
}

// text returns the misfit for use within the reason of another one.
func (m *misfit) text() string {
	path, reason := m.split()
	if path == "" {
		return reason
	}
	return path + " " + reason
}

// maxReason is the length of the longest reason, in bytes. The reason of a union repeats those
// of its alternatives, which may be unions.
const maxReason = 1000
