package client_test

import (
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/streamtest"
)

// TestGarbageInAStream puts meaningless bytes between the events.
func TestGarbageInAStream(t *testing.T) {
	garbage := strings.ReplaceAll(streamtest.Garbage(20_000, 2), "id", "") + "\n\n"
	server := serve(t, send(connected("1")+garbage+content("2", "a")), over)
	wantFinished(t, server.stream(""), "connected 1", "content 2")
}

// The servers of TestUnreachable accept no connection.
func TestUnreachable(t *testing.T) {
	closed := streamtest.NewServer()
	closed.Close()
	quiet := log.New(io.Discard, "", 0)
	foreign := httptest.NewUnstartedServer(nil)
	foreign.Config.ErrorLog = quiet
	foreign.StartTLS()
	defer foreign.Close()
	mute := serve(t, hang)
	transport := func(change func(*http.Transport)) *http.Client {
		tr := &http.Transport{DisableKeepAlives: true}
		change(tr)
		return &http.Client{Transport: tr}
	}
	none := func(*http.Transport) {}

	var dns *net.DNSError
	var authority x509.UnknownAuthorityError
	var timeout net.Error
	tests := []struct {
		name, url string
		change    func(*http.Transport)
		cause     func(error) bool
	}{
		{"refused", closed.URL, none, func(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }},
		{"no such name", "http://no-such-name.invalid", none, func(err error) bool { return errors.As(err, &dns) }},
		{"an untrusted certificate", foreign.URL, none, func(err error) bool { return errors.As(err, &authority) }},
		{"no TLS", "https" + strings.TrimPrefix(mute.URL, "http"), func(tr *http.Transport) { tr.TLSHandshakeTimeout = 20 * time.Millisecond },
			func(err error) bool {
				return errors.As(err, &timeout) && timeout.Timeout() || strings.Contains(err.Error(), "EOF")
			}},
		{"no header", mute.URL, func(tr *http.Transport) { tr.ResponseHeaderTimeout = 20 * time.Millisecond },
			func(err error) bool { return errors.As(err, &timeout) && timeout.Timeout() }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var causes []error
			hc := transport(test.change)
			c, err := mix.NewClient(test.url, client.WithHTTPClient(hc),
				client.WithRetryPolicy(client.RetryPolicy{InitialInterval: 1, MaxInterval: 1, MaxAttempts: 2}),
				client.WithHooks(client.Hooks{Retrying: func(r client.Retry) { causes = append(causes, r.Err) }}))
			if err != nil {
				t.Fatal(err)
			}
			_, err = c.StreamEvents(t.Context(), session, nil)
			if !errors.Is(err, client.ErrGaveUp) || !test.cause(err) {
				t.Errorf("error: %v", err)
			}
			if len(causes) != 2 || !test.cause(causes[0]) || !test.cause(causes[1]) {
				t.Errorf("causes: %v", causes)
			}
		})
	}
}

// The HTTP client of TestHTTPClientTimeout ends each stream.
func TestHTTPClientTimeout(t *testing.T) {
	var causes []error
	server := serve(t, hold("id: 1\ndata: a\n\n"), over)
	server.hc = &http.Client{Timeout: 300 * time.Millisecond}
	source := server.source("", client.WithHooks(client.Hooks{Retrying: func(r client.Retry) { causes = append(causes, r.Err) }}))
	if e, err := source.Next(); err != nil || string(e.Data) != "a" {
		t.Fatalf("%+v, %v", e, err)
	}
	var timeout net.Error
	if _, err := source.Next(); !errors.Is(err, io.EOF) || len(causes) == 0 || !errors.As(causes[0], &timeout) || !timeout.Timeout() {
		t.Errorf("error %v, causes %v", err, causes)
	}
}
