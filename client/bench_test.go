package client_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/sse"
)

// tokens is an endless stream of content events of one token each.
type tokens struct {
	text string
	rest string
}

func newTokens() *tokens {
	var text strings.Builder
	for i := range 1000 {
		id := strconv.FormatInt(1_790_000_000_000_000+int64(i), 10)
		text.WriteString(block("content", id, `{"type":"content","content":" token","assistantMessageId":"msg_0123456789"}`))
	}
	return &tokens{text: text.String()}
}

func (b *tokens) Read(p []byte) (int, error) {
	if b.rest == "" {
		b.rest = b.text
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

func (b *tokens) Close() error { return nil }

// RoundTrip returns the stream itself as the answer.
func (b *tokens) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK,
		Header:     http.Header{"Content-Type": {"text/event-stream"}},
		Body:       b,
		Request:    r,
	}, nil
}

func (b *tokens) eventSize() int64 { return int64(len(b.text) / 1000) }

// BenchmarkStream is the typed stream beside its floor: the decoder alone, and
// json.Unmarshal into the one type that the events have.
func BenchmarkStream(b *testing.B) {
	b.Run("stream", func(b *testing.B) {
		in := newTokens()
		c, err := mix.NewClient("http://memory", client.WithHTTPClient(&http.Client{Transport: in}))
		if err != nil {
			b.Fatal(err)
		}
		s, err := c.StreamEvents(context.Background(), session, nil)
		if err != nil {
			b.Fatal(err)
		}
		defer s.Close()
		b.SetBytes(in.eventSize())
		b.ReportAllocs()
		for b.Loop() {
			if !s.Next() {
				b.Fatal(s.Err())
			}
			if _, ok := s.Event().Data.(*gen.ContentData); !ok {
				b.Fatal("another type")
			}
		}
	})
	b.Run("floor", func(b *testing.B) {
		in := newTokens()
		d := sse.NewDecoder(io.Reader(in))
		b.SetBytes(in.eventSize())
		b.ReportAllocs()
		for b.Loop() {
			e, err := d.Next()
			if err != nil {
				b.Fatal(err)
			}
			if err := json.Unmarshal(e.Data, new(gen.ContentData)); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkSource is the reconnecting source beside the decoder alone.
func BenchmarkSource(b *testing.B) {
	b.Run("source", func(b *testing.B) {
		in := newTokens()
		s := client.NewSource(context.Background(), "", func(ctx context.Context, _ string) (*http.Response, error) {
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://memory", nil)
			if err != nil {
				return nil, err
			}
			return in.RoundTrip(r)
		})
		defer s.Close()
		b.SetBytes(in.eventSize())
		b.ReportAllocs()
		for b.Loop() {
			if _, err := s.Next(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("floor", func(b *testing.B) {
		in := newTokens()
		d := sse.NewDecoder(in)
		b.SetBytes(in.eventSize())
		b.ReportAllocs()
		for b.Loop() {
			if _, err := d.Next(); err != nil {
				b.Fatal(err)
			}
		}
	})
}
