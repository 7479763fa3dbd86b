package streamtest

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Script is what a [Server] does on one connection once it has read the request. After the
// last step, the server ends the answer properly. An empty script closes the connection
// without an answer.
type Script []Step

// Step is a part of a script. An error ends the script and cuts the connection; the server
// does not report it. Several connections may use a step at a time.
type Step func(c *Conn) error

// errCutOff ends a script whose step cuts the connection.
var errCutOff = errors.New("streamtest: connection cut")

// Open begins an event stream: status 200, content type text/event-stream, and a body in
// chunks. The header lists further keys and values in turn.
func Open(header ...string) Step {
	return func(c *Conn) error {
		return c.Head(http.StatusOK, append([]string{"Content-Type", "text/event-stream"}, header...)...)
	}
}

// Answer sends a whole answer with a status and a body. The header lists keys and values in
// turn, such as "Retry-After", "1".
func Answer(status int, body string, header ...string) Step {
	if status == http.StatusNoContent || status == http.StatusNotModified {
		body = ""
	} else {
		header = append([]string{"Content-Length", strconv.Itoa(len(body))}, header...)
	}
	return func(c *Conn) error {
		if err := c.head(status, header); err != nil {
			return err
		}
		return c.Send(body)
	}
}

// Send writes pieces of the body, each as a chunk and by a write of its own.
func Send(pieces ...string) Step {
	return func(c *Conn) error {
		for _, text := range pieces {
			if err := c.Send(text); err != nil {
				return err
			}
		}
		return nil
	}
}

// Trickle writes a part of the body byte by byte, with a pause before each byte.
func Trickle(text string, pause time.Duration) Step {
	return func(c *Conn) error {
		for i := range len(text) {
			if err := Pause(pause)(c); err != nil {
				return err
			}
			if err := c.Send(text[i : i+1]); err != nil {
				return err
			}
		}
		return nil
	}
}

// Flood repeats the text, as fast as the client reads it, until the client closes the
// connection. The steps after it run then.
func Flood(text string) Step {
	if text == "" {
		return Hold()
	}
	many := strings.Repeat(text, 1+(32<<10)/len(text))
	return func(c *Conn) error {
		for c.Send(many) == nil {
		}
		return c.Request.Context().Err()
	}
}

// Raw writes bytes to the connection as they are, such as a malformed answer, head or chunk.
func Raw(text string) Step {
	return func(c *Conn) error {
		_, err := io.WriteString(c, text)
		return err
	}
}

// Pause waits. Before Open it delays the header; after Open it stalls the stream.
func Pause(d time.Duration) Step {
	return func(c *Conn) error {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
			return nil
		case <-c.Request.Context().Done():
			return c.Request.Context().Err()
		}
	}
}

// Await waits until it receives from the channel, or until the channel is closed.
func Await(ch <-chan struct{}) Step {
	return func(c *Conn) error {
		select {
		case <-ch:
			return nil
		case <-c.Request.Context().Done():
			return c.Request.Context().Err()
		}
	}
}

// Hold sends nothing until the client closes the connection. The steps after it run then.
func Hold() Step { return (*Conn).gone }

// HalfOpen sends nothing, and does not close the connection even when the client does, like
// a peer that has lost its power. It ends when the server is closed.
func HalfOpen() Step {
	return func(c *Conn) error {
		<-c.Request.Context().Done()
		return c.Request.Context().Err()
	}
}

// Cut closes the connection, so that the body is not complete.
func Cut() Step { return func(*Conn) error { return errCutOff } }

// CutChunk announces a chunk that is one byte longer than the text, writes the text, and
// closes the connection.
func CutChunk(text string) Step {
	return func(c *Conn) error {
		fmt.Fprintf(c, "%x\r\n%s", len(text)+1, text)
		return errCutOff
	}
}

// Reset ends the connection with an RST instead of a FIN. The client may lose the bytes that
// were sent right before.
func Reset() Step {
	return func(c *Conn) error {
		if tcp, ok := c.Conn.(*net.TCPConn); ok {
			tcp.SetLinger(0) //nolint:errcheck // the client may have reset it before
		}
		return errCutOff
	}
}

// Block returns an event as it is on the wire, with a data line for each line of data. It
// leaves out an empty name or id.
func Block(name, id, data string) string {
	var text strings.Builder
	if name != "" {
		text.WriteString("event: " + name + "\n")
	}
	for line := range strings.SplitSeq(data, "\n") {
		text.WriteString("data: " + line + "\n")
	}
	if id != "" {
		text.WriteString("id: " + id + "\n")
	}
	return text.String() + "\n"
}

// Garbage returns n random bytes. The same seed gives the same bytes.
func Garbage(n int, seed uint64) string {
	r := rand.New(rand.NewPCG(seed, seed))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.IntN(256)) //nolint:gosec // it fits
	}
	return string(b)
}
