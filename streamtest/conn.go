package streamtest

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
)

// Conn is the connection on which a [Server] plays a [Script]. The steps that a test writes
// itself use it. Write sends bytes as they are.
type Conn struct {
	net.Conn

	// Request is the request on the connection. Its context is done when the server is
	// closed.
	Request *http.Request

	chunked bool // Send writes chunks
}

// Head writes the head of an answer whose body is sent in chunks. The header lists keys and
// values in turn; a key may come more than once.
func (c *Conn) Head(status int, header ...string) error {
	c.chunked = true
	return c.head(status, slices.Concat(header, []string{"Transfer-Encoding", "chunked"}))
}

// Send writes a piece of the body; after [Conn.Head], in one chunk.
func (c *Conn) Send(text string) error {
	if c.chunked {
		if text == "" {
			return nil // an empty chunk would end the body
		}
		text = fmt.Sprintf("%x\r\n%s\r\n", len(text), text)
	}
	_, err := io.WriteString(c, text)
	return err
}

// head writes a status line and the header, which lists keys and values.
func (c *Conn) head(status int, header []string) error {
	var text strings.Builder
	fmt.Fprintf(&text, "HTTP/1.1 %d %s\r\nConnection: close\r\n", status, http.StatusText(status))
	for i := 0; i+1 < len(header); i += 2 {
		fmt.Fprintf(&text, "%s: %s\r\n", header[i], header[i+1])
	}
	text.WriteString("\r\n")
	_, err := io.WriteString(c, text.String())
	return err
}

// finish writes the last chunk, if the body is sent in chunks.
func (c *Conn) finish() {
	if c.chunked {
		io.WriteString(c, "0\r\n\r\n") //nolint:errcheck // the client may have gone
	}
}

// gone waits until the client has closed the connection. It returns an error if the server
// is closed first.
func (c *Conn) gone() error {
	io.Copy(io.Discard, c.Conn) //nolint:errcheck // an error ends the connection as well
	return context.Cause(c.Request.Context())
}
