package transport

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"runtime"
	"slices"
)

// flush brings what was written to the client.
func (r *Response) flush() error {
	for _, f := range r.flushers {
		switch err := f.FlushError(); {
		case errors.Is(err, http.ErrNotSupported):
			return ErrNoFlush
		case err != nil:
			return err
		}
	}
	return nil
}

// flusher is what http.ResponseController looks for first.
type flusher interface{ FlushError() error }

// unwrapper is how http.ResponseController finds the writer below another.
type unwrapper interface{ Unwrap() http.ResponseWriter }

// maxWrappers bounds the ResponseWriters around that of package net/http.
const maxWrappers = 1000

// Circular reports whether w unwraps to itself: http.ResponseController would search
// such a writer forever.
func Circular(w http.ResponseWriter) bool {
	for range maxWrappers {
		u, ok := w.(unwrapper)
		if !ok {
			return false
		}
		w = u.Unwrap()
	}
	return true
}

// flushersOf returns what a write to w must flush, in this order, to reach the client.
//
// http.ResponseController flushes the first writer that has Flush. That writer should
// flush the one below, but many look for http.Flusher alone, and do nothing if the writer
// below has only Unwrap. So this returns the first writer that can flush, and in addition
// the first one below each writer that only unwraps. The error is ErrNoFlush, with the
// reason, if the chain ends in a writer that cannot flush.
func flushersOf(w http.ResponseWriter) ([]flusher, error) {
	var all []flusher
	reached := false // a flush of the last of all reaches w
	above := false   // a writer around w can flush
	for {
		f := flusherOf(w)
		switch {
		case f == nil && reached:
			all[len(all)-1] = partFlusher{all[len(all)-1]}
		case f != nil && !reached:
			all = append(all, f)
		}
		switch inner := wrapped(w); {
		case inner != nil:
			w, reached, above = inner, f != nil, above || f != nil
			continue
		case f == nil:
			return nil, fmt.Errorf("%w (%T)", ErrNoFlush, w)
		case !above && compressed(w.Header()):
			return nil, fmt.Errorf("%w (Content-Encoding is set, and no writer can flush the compressor)", ErrNoFlush)
		}
		return all, nil
	}
}

// compressed reports whether a middleware compresses the response. Some decide it later:
// they have Flush.
func compressed(h http.Header) bool {
	return slices.Contains([]string{"gzip", "deflate", "br", "zstd"}, h.Get("Content-Encoding"))
}

// flusherOf returns how w itself flushes; nil if it cannot.
func flusherOf(w http.ResponseWriter) flusher {
	switch f := w.(type) {
	case flusher:
		return f
	case http.Flusher:
		return plainFlusher{f}
	}
	return nil
}

// plainFlusher flushes a writer that reports no errors.
type plainFlusher struct{ http.Flusher }

func (f plainFlusher) FlushError() error {
	f.Flush()
	return nil
}

// partFlusher flushes a writer that may not reach the client, because the one below only
// unwraps. It may return an error for it; some assert http.Flusher and panic. Another
// flusher, further below, flushes what it has passed on.
type partFlusher struct{ flusher }

func (f partFlusher) FlushError() (err error) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case *runtime.TypeAssertionError:
			err = nil
		default:
			panic(p)
		}
	}()
	if err := f.flusher.FlushError(); !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return nil
}

// wrapped returns the writer that w wraps; nil if w does not show it. A writer that has
// Flush but no Unwrap shows it as the http.ResponseWriter that it embeds: its Flush must
// rely on that one.
func wrapped(w http.ResponseWriter) http.ResponseWriter {
	if u, ok := w.(unwrapper); ok {
		return u.Unwrap()
	}
	if flusherOf(w) == nil {
		return nil
	}
	v := reflect.Indirect(reflect.ValueOf(w))
	if v.Kind() != reflect.Struct {
		return nil
	}
	embedded, ok := v.Type().FieldByName("ResponseWriter")
	if !ok || !embedded.Anonymous || hasOtherFlusher(v.Type(), embedded.Index[0]) {
		return nil
	}
	field, err := v.FieldByIndexErr(embedded.Index)
	if err != nil || !field.CanInterface() {
		return nil
	}
	inner, _ := field.Interface().(http.ResponseWriter)
	return inner
}

// hasOtherFlusher reports whether a struct can flush by a field other than the embedded one.
func hasOtherFlusher(t reflect.Type, embedded int) bool {
	for i := range t.NumField() {
		if i != embedded && t.Field(i).Type.Implements(reflect.TypeFor[http.Flusher]()) {
			return true
		}
	}
	return false
}
