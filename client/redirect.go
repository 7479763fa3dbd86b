package client

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/mixstream/mixstream/internal/excerpt"
	"github.com/mixstream/mixstream/internal/redact"
)

// maxRedirects is the number of redirects in a row that net/http follows by default.
const maxRedirects = 10

// ownHeaders are the headers that every server may see.
var ownHeaders = []string{"Accept", "Accept-Encoding", "Cache-Control", lastEventIDHeader, "Content-Type", "Idempotency-Key"}

// positionHeader is the key of a value in the context of a request. The value names the
// header or cookie parameter that says where the stream goes on.
type positionHeader struct{}

// redirectError is a redirect that the client cannot follow, or that CheckRedirect refuses.
type redirectError struct {
	cause error
	resp  *http.Response // nil if net/http returns the answer
}

// Error returns the text of the cause.
func (e *redirectError) Error() string { return e.cause.Error() }

// notAnswered returns the error of an attempt that failed with err. A redirect that the
// client does not follow is an answer after all.
func notAnswered(resp *http.Response, err error) error {
	if resp != nil && resp.Body != nil {
		resp.Body.Close()
	}
	var redirect *redirectError
	if err = redact.Error(err); !errors.As(err, &redirect) {
		return err
	}
	if redirect.resp != nil {
		resp = redirect.resp
	}
	if resp == nil {
		return err
	}
	return &APIError{StatusCode: resp.StatusCode, Header: resp.Header, Request: resp.Request, Err: redirect.cause}
}

// withRedirects returns an HTTP client that follows redirects like hc, but sends only
// ownHeaders to another origin. net/http itself withholds only the credentials that it
// knows, and sends them to subdomains and other ports.
func withRedirects(hc *http.Client) *http.Client {
	follow := *hc
	follow.Transport = redirectChecker{hc.Transport}
	follow.CheckRedirect = func(r *http.Request, via []*http.Request) error {
		if err := checkRedirect(r, via, hc.CheckRedirect); err != nil && !errors.Is(err, http.ErrUseLastResponse) {
			return &redirectError{cause: err}
		} else if err != nil {
			return http.ErrUseLastResponse // net/http compares it
		}
		return nil
	}
	return &follow
}

// checkRedirect prepares the request r that follows those of via, or refuses it. own is the
// caller's CheckRedirect, or nil.
func checkRedirect(r *http.Request, via []*http.Request, own func(*http.Request, []*http.Request) error) error {
	if r.URL.Scheme != "http" && r.URL.Scheme != "https" || r.URL.Host == "" {
		return fmt.Errorf("redirect to %s, which is not an http or https URL", excerpt.Quote(redact.Parsed(r.URL)))
	}
	if r.Method != via[0].Method {
		// A GET would open a stream instead of publishing to it, and wait for its end.
		return fmt.Errorf("redirect to %s, which would make a %s of the %s; 307 and 308 do not", excerpt.Quote(redact.Parsed(r.URL)), r.Method, via[0].Method)
	}
	// net/http gives each request the headers of the first one again. A server behind a
	// foreign server must not see more than that one did.
	for _, hop := range append(via[1:len(via):len(via)], r) {
		if sameOrigin(via[0].URL, hop.URL) {
			continue
		}
		if position, ok := r.Context().Value(positionHeader{}).(string); ok {
			return fmt.Errorf("redirect to another origin, %s, which must not get the %s: the stream would begin at another position", excerpt.Quote(redact.Parsed(r.URL)), position)
		}
		withhold(r, via[0])
		break
	}
	switch {
	case own != nil:
		return own(r, via)
	case len(via) >= maxRedirects:
		return fmt.Errorf("stopped after %d redirects", len(via))
	}
	return nil
}

// withhold removes all headers of r but ownHeaders, which are those of the first request.
func withhold(r, first *http.Request) {
	r.Header = make(http.Header)
	for _, key := range ownHeaders {
		if values, ok := first.Header[key]; ok {
			r.Header[key] = values
		}
	}
}

// sameOrigin reports whether a URL has the origin of the first one, or is its https form on
// the usual ports.
func sameOrigin(first, u *url.URL) bool {
	upgraded := first.Scheme == "http" && u.Scheme == "https" && port(first) == "80" && port(u) == "443"
	return strings.EqualFold(first.Hostname(), u.Hostname()) && (first.Scheme == u.Scheme && port(first) == port(u) || upgraded)
}

func port(u *url.URL) string {
	switch port := u.Port(); {
	case port != "":
		return port
	case u.Scheme == "https":
		return "443"
	}
	return "80"
}

// redirectChecker is a transport that finds a redirect whose Location is not a URL.
// net/http would report it as a failure like any other, which a repetition could mend.
type redirectChecker struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (c redirectChecker) RoundTrip(r *http.Request) (*http.Response, error) {
	next := c.next
	if next == nil {
		next = http.DefaultTransport
	}
	resp, err := next.RoundTrip(r)
	if err != nil || resp == nil {
		return resp, err
	}
	switch resp.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		if _, err := resp.Location(); err != nil && !errors.Is(err, http.ErrNoLocation) {
			if resp.Body != nil {
				resp.Body.Close()
			}
			if resp.Request == nil {
				resp.Request = r
			}
			return nil, &redirectError{cause: fmt.Errorf("redirect without a usable Location: %w", redact.Error(err)), resp: resp}
		}
	}
	return resp, nil
}
