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

// NewProxy returns a reverse proxy to target. It passes each block of an event stream to the
// function block, and forwards what that returns instead. If cut is true, it cuts the
// connection once the bytes have been sent. Other answers pass unchanged. The proxy asks the
// server not to compress.
//
// A block ends with its blank line, which belongs to it; line ends must be LF. The proxy
// calls block from the goroutine of each request, so several calls may run at a time. block
// may change its bytes.
func NewProxy(target *url.URL, block func(r *http.Request, block []byte) (forward []byte, cut bool)) http.Handler {
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Header.Set("Accept-Encoding", "identity") // blocks cannot be found in a compressed stream
		},
		FlushInterval: -1,
		ErrorLog:      log.New(io.Discard, "", 0), // a cut is intended
		ModifyResponse: func(resp *http.Response) error {
			if mediaType, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); mediaType == "text/event-stream" {
				resp.Header.Del("Content-Length") // the function may change it
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

// errCut makes the reverse proxy cut the connection.
var errCut = errors.New("streamtest: cut")

// blockReader reads a stream block by block.
type blockReader struct {
	body io.Closer
	src  *bufio.Reader
	each func([]byte) ([]byte, bool)
	out  []byte // bytes that Read returns next
	err  error  // the error that Read returns after them
}

func (b *blockReader) Read(p []byte) (int, error) {
	for len(b.out) == 0 {
		if b.err != nil {
			return 0, b.err
		}
		block, err := readBlock(b.src)
		if err != nil {
			b.out, b.err = block, err // an unfinished block passes unchanged
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

// readBlock reads up to the next blank line, which belongs to the block.
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
