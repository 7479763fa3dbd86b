package eventjson

import "slices"

// Pointer sets *p to a new zero value, for the caller to decode the next value into. It sets
// *p to nil and reports false if that value is null, which it consumes.
func Pointer[T any](d *Decoder, p **T) bool {
	if *p = nil; d.Null() {
		return false
	}
	*p = new(T)
	return true
}

// Slice sets *s to an empty slice and begins to read its items, like [Decoder.Array]. It sets
// *s to nil if the value is null.
func Slice[S ~[]T, T any](d *Decoder, s *S) bool {
	if *s = nil; d.Null() {
		return false
	}
	*s = S{}
	return d.Array()
}

// Append appends a zero value to *s and returns a pointer to it, for the caller to decode an
// item into.
func Append[S ~[]T, T any](s *S) *T {
	var zero T
	*s = append(*s, zero)
	return &(*s)[len(*s)-1]
}

// Map sets *m to an empty map and begins to read its members, like [Decoder.Object]. It sets
// *m to nil if the value is null.
func Map[M ~map[string]T, T any](d *Decoder, m *M) bool {
	if *m = nil; d.Null() {
		return false
	}
	*m = M{}
	return d.Object()
}

// Item returns the zero value of the map's values, for the caller to decode a member into and to
// set.
func Item[M ~map[string]T, T any](M) (zero T) { return zero }

// Zero sets *p to zero, for the caller to decode a value into it again.
func Zero[T any](p *T) {
	var zero T
	*p = zero
}

// Keys returns the keys of a map in the order in which they are written.
func Keys[M ~map[string]T, T any](m M) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
