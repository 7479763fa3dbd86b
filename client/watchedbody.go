package client

import (
	"bytes"
	"io"
	"net/http"
)

// watchedBody is the body of a request that tells the progress of its upload.
type watchedBody struct {
	data     []byte
	progress func() // called when the transport takes some of the data, from any goroutine
}

// setTo makes the body that of a request, which has http.NoBody.
func (b watchedBody) setTo(r *http.Request) {
	if len(b.data) == 0 {
		return // net/http would take any other body of length 0 for one of unknown length
	}
	r.ContentLength = int64(len(b.data))
	r.GetBody = func() (io.ReadCloser, error) {
		return io.NopCloser(&watchedReader{*bytes.NewReader(b.data), b.progress}), nil
	}
	r.Body, _ = r.GetBody()
}

// watchedReader reads a watchedBody. It has no WriteTo, by which the transport would take all
// of the data in one piece.
type watchedReader struct {
	data     bytes.Reader
	progress func()
}

// Read reads from the data.
func (r *watchedReader) Read(p []byte) (int, error) {
	r.progress()
	return r.data.Read(p)
}
