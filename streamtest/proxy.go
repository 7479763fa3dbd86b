package streamtest

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"log"
	"mime"
	"net/http"
	"net/http/httputil"
	"net/url"
)

// NewProxy returns a reverse proxy to target that hands each block of an event
// stream to the function, and forwards what that returns instead. Where cut is
// true, the connection is broken off once the bytes have been sent. Other answers
// pass unchanged. The server is asked not to compress.
//
// A block runs up to and including its blank line; line ends must be LF. The
// function is called from the goroutine of each request, possibly from several
// at a time, and may change the block.
func NewProxy(target *url.URL, block func(r *http.Request, block []byte) (forward []byte, cut bool)) http.Handler {
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Header.Set("Accept-Encoding", "identity") // a compressed stream has no blocks to be seen
		},
		FlushInterval: -1,
		ErrorLog:      log.New(io.Discard, "", 0), // a cut is no error here
		ModifyResponse: func(resp *http.Response) error {
			if mediaType, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); mediaType == "text/event-stream" {
				resp.Header.Del("Content-Length") // it will be another
				resp.Body = &blockReader{
					body: resp.Body,
					src:  bufio.NewReader(resp.Body),
					each: func(b []byte) ([]byte, bool) { return block(resp.Request, b) },
				}
			}
			return nil
		},
	}
}

// errCut makes the reverse proxy break off the connection.
var errCut = errors.New("streamtest: cut")

// blockReader reads a stream block by block.
type blockReader struct {
	body io.Closer
	src  *bufio.Reader
	each func([]byte) ([]byte, bool)
	out  []byte // what is still to be read
	err  error  // what follows it
}

func (b *blockReader) Read(p []byte) (int, error) {
	for len(b.out) == 0 {
		if b.err != nil {
			return 0, b.err
		}
		block, err := readBlock(b.src)
		if err != nil {
			b.out, b.err = block, err // an unfinished block passes as it is
			continue
		}
		var cut bool
		if b.out, cut = b.each(block); cut {
			b.err = errCut
		}
	}
	n := copy(p, b.out)
	b.out = b.out[n:]
	return n, nil
}

func (b *blockReader) Close() error { return b.body.Close() }

// readBlock reads up to the next blank line.
func readBlock(r *bufio.Reader) ([]byte, error) {
	var block []byte
	for {
		line, err := r.ReadBytes('\n')
		block = append(block, line...)
		if err != nil || bytes.Equal(line, []byte("\n")) {
			return block, err
		}
	}
}
