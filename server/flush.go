package server

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"runtime"
	"slices"
)

// output is the ResponseWriter that an attached stream is written to. A stream holds a
// pointer to it, so that a detached one holds no more than that.
type output struct {
	http.ResponseWriter
	flushers []flusher
}

// noOutput is the output of all detached streams. An abort may still look for deadlines there.
var noOutput = new(output)

// flush brings to the client what was written.
func (o *output) flush() error {
	for _, f := range o.flushers {
		switch err := f.FlushError(); {
		case errors.Is(err, http.ErrNotSupported):
			return errNoFlush
		case err != nil:
			return err
		}
	}
	return nil
}

// flusher is what http.ResponseController looks for first.
type flusher interface{ FlushError() error }

// unwrapper is how http.ResponseController finds what a ResponseWriter wraps.
type unwrapper interface{ Unwrap() http.ResponseWriter }

// maxWrappers bounds the ResponseWriters around that of package net/http.
const maxWrappers = 1000

// circular reports whether w unwraps to itself: http.ResponseController would search
// such a writer forever.
func circular(w http.ResponseWriter) bool {
	for range maxWrappers {
		u, ok := w.(unwrapper)
		if !ok {
			return false
		}
		w = u.Unwrap()
	}
	return true
}

// flushers returns what to flush, in this order, so that what is written to w reaches the
// client.
//
// http.ResponseController flushes the first writer that has Flush. That writer should
// flush what it wraps, but many look for http.Flusher alone and do nothing if it is
// missing, although what they wrap has Unwrap. So this returns the first writer that can
// flush, and in addition the first one below each writer that only unwraps. The error is
// errNoFlush, with the reason, if the chain ends in a writer that cannot flush.
func flushers(w http.ResponseWriter) ([]flusher, error) {
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
			return nil, fmt.Errorf("%w (%T)", errNoFlush, w)
		case !above && compressed(w.Header()):
			return nil, fmt.Errorf("%w (Content-Encoding is set, and no writer can flush the compressor)", errNoFlush)
		}
		return all, nil
	}
}

// compressed reports whether a middleware compresses the answer. Others decide on it
// later: they have Flush.
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

// plainFlusher flushes a writer that does not tell of errors.
type plainFlusher struct{ http.Flusher }

func (f plainFlusher) FlushError() error {
	f.Flush()
	return nil
}

// partFlusher flushes a writer that may not get through to the client, because what it
// wraps only unwraps. It may say so; some assert http.Flusher and panic. Whatever they
// have passed on is flushed further below.
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

// wrapped returns what w wraps; nil if it does not tell. A writer that has Flush but no
// Unwrap tells by the http.ResponseWriter that it embeds, which its Flush must rely on.
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
