package server_test

import (
	"bytes"
	"compress/gzip"
	"net/http"
)

// This file has a ResponseWriter of each kind that a middleware may have. Beside the three
// methods of http.ResponseWriter, each has only what its name says.

// hidden has nothing else.
type hidden struct{ w http.ResponseWriter }

func (h hidden) Header() http.Header { return h.w.Header() }

func (h hidden) Write(p []byte) (int, error) { return h.w.Write(p) }

func (h hidden) WriteHeader(code int) { h.w.WriteHeader(code) }

// onlyUnwraps has the Unwrap that http.ResponseController looks for.
type onlyUnwraps struct{ hidden }

func (w onlyUnwraps) Unwrap() http.ResponseWriter { return w.w }

// ifPossible flushes if it wraps an http.Flusher, and otherwise does nothing.
type ifPossible struct{ http.ResponseWriter }

func (w ifPossible) Flush() {
	if f, ok := w.ResponseWriter.(http.Flusher); ok {
		f.Flush()
	}
}

type ifPossibleUnwraps struct{ ifPossible }

func (w ifPossibleUnwraps) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// asserting panics unless it wraps an http.Flusher.
type asserting struct{ http.ResponseWriter }

func (w asserting) Flush() { w.ResponseWriter.(http.Flusher).Flush() }

type assertingUnwraps struct{ asserting }

func (w assertingUnwraps) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// tellsErrors has FlushError, as the writer of net/http does.
type tellsErrors struct{ hidden }

func (w tellsErrors) FlushError() error { return http.NewResponseController(w.w).Flush() }

// panics panics at each flush.
type panics struct{ http.ResponseWriter }

func (panics) Flush() { panic("by a middleware") }

// unwrapsTo unwraps to any writer.
type unwrapsTo struct {
	hidden
	to http.ResponseWriter
}

func (w *unwrapsTo) Unwrap() http.ResponseWriter { return w.to }

type flushesUnwrapsTo struct{ unwrapsTo }

func (w *flushesUnwrapsTo) Flush() { w.w.(http.Flusher).Flush() }

// decidesAtHeader sets a header in WriteHeader; its Flush only flushes.
type decidesAtHeader struct{ ifPossibleUnwraps }

func (w decidesAtHeader) WriteHeader(code int) {
	w.Header().Set("X-Decided", "yes")
	w.ResponseWriter.WriteHeader(code)
}

// gzips compresses what is written.
type gzips struct {
	http.ResponseWriter
	to *gzip.Writer
}

func (w *gzips) Write(p []byte) (int, error) { return w.to.Write(p) }

// gzipsAtHeader decides in WriteHeader whether it compresses.
type gzipsAtHeader struct{ gzips }

func (w *gzipsAtHeader) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *gzipsAtHeader) WriteHeader(code int) {
	w.Header().Set("Content-Encoding", "gzip")
	w.ResponseWriter.WriteHeader(code)
}

func (w *gzipsAtHeader) Flush() {
	_ = w.to.Flush()
	ifPossible{w.ResponseWriter}.Flush()
}

// gzipsAtBody holds the status back until it is flushed with a part of the body.
type gzipsAtBody struct {
	gzipsAtHeader
	code int
	held bytes.Buffer
}

func (w *gzipsAtBody) WriteHeader(code int) { w.code = code }

func (w *gzipsAtBody) Write(p []byte) (int, error) {
	if w.code == 0 { // the status is out
		return w.to.Write(p)
	}
	return w.held.Write(p)
}

func (w *gzipsAtBody) Flush() {
	if w.code != 0 && w.held.Len() == 0 {
		return
	}
	if w.code != 0 {
		w.gzipsAtHeader.WriteHeader(w.code)
		w.code = 0
		_, _ = w.held.WriteTo(w.to)
	}
	w.gzipsAtHeader.Flush()
}

func (w *gzipsAtBody) end() {
	w.held.WriteString("\n") // so that there is something to flush
	w.Flush()
}

// gzipsUnwraps compresses, has announced so before, and cannot flush.
type gzipsUnwraps struct{ gzips }

func (w *gzipsUnwraps) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// writerOf returns a middleware that wraps the writer.
func writerOf(wrap func(http.ResponseWriter) http.ResponseWriter) func(http.Handler) http.Handler {
	return func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(wrap(w), r) })
	}
}

// gzipped returns a middleware that compresses.
func gzipped(wrap func(gzips) http.ResponseWriter) func(http.Handler) http.Handler {
	return func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			to := gzip.NewWriter(w)
			gw := wrap(gzips{w, to})
			h.ServeHTTP(gw, r)
			if late, ok := gw.(*gzipsAtBody); ok {
				late.end()
			}
			_ = to.Close()
		})
	}
}

// buffered is a middleware that holds the answer back until it is complete.
func buffered(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body bytes.Buffer
		held := &held{hidden{w}, &body, http.StatusOK}
		h.ServeHTTP(held, r)
		w.WriteHeader(held.code)
		_, _ = body.WriteTo(w)
	})
}

type held struct {
	hidden
	body *bytes.Buffer
	code int
}

func (h *held) WriteHeader(code int) { h.code = code }

func (h *held) Write(p []byte) (int, error) { return h.body.Write(p) }
