package client_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/streamtest"
)

// squeeze returns the texts in gzip, each flushed.
func squeeze(texts ...string) []string {
	var pieces []string
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	for _, text := range texts {
		io.WriteString(w, text)
		w.Flush()
		pieces = append(pieces, b.String())
		b.Reset()
	}
	return pieces
}

// The server of TestEncodedStream compresses against the wish of the client.
func TestEncodedStream(t *testing.T) {
	for _, coding := range []string{"gzip", "br", "Identity, gzip"} {
		zipped := streamtest.Script{streamtest.Open("Content-Encoding", coding), streamtest.Send(squeeze(connected("1"))...)}
		for _, first := range [][]streamtest.Script{nil, {send(connected("1"))}} {
			server := serve(t, append(first, zipped)...)
			err := server.ended()
			var api *client.APIError
			if !errors.As(err, &api) || api.StatusCode != 200 || !strings.Contains(err.Error(), coding) {
				t.Errorf("%s: %v", coding, err)
			}
			if got := server.Requests()[0].Header.Get("Accept-Encoding"); got != "identity" {
				t.Errorf("asked for %q", got)
			}
			if n := len(server.Requests()); n != len(first)+1 {
				t.Errorf("%s: %d requests", coding, n)
			}
		}
	}
	for _, coding := range []string{"", "identity", "IDENTITY"} {
		s := serve(t, streamtest.Script{streamtest.Open("Content-Encoding", coding), streamtest.Send(connected("1"))}, over).stream("")
		wantFinished(t, s, "connected 1")
	}
}

// The transport of TestSourceDecompresses asks for gzip by itself. Each event comes as soon as
// the server has flushed it.
func TestSourceDecompresses(t *testing.T) {
	pieces := squeeze("id: 1\ndata: a\n\n", "id: 2\ndata: b\n\n", "id: 3\ndata: lost")
	goOn := make(chan struct{})
	server := serve(t,
		streamtest.Script{streamtest.Open("Content-Encoding", "gzip"), streamtest.Send(pieces[0]), streamtest.Await(goOn), streamtest.Send(pieces[1:]...), streamtest.Cut()},
		over)
	source := server.source("")
	if e, err := source.Next(); err != nil || string(e.Data) != "a" {
		t.Fatalf("%+v, %v", e, err)
	}
	close(goOn)
	if e, err := source.Next(); err != nil || string(e.Data) != "b" {
		t.Fatalf("%+v, %v", e, err)
	}
	if _, err := source.Next(); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
	wantIDs(t, server, "-", "2")
	if got := server.Requests()[0].Header.Get("Accept-Encoding"); got != "gzip" {
		t.Errorf("asked for %q", got)
	}
}
