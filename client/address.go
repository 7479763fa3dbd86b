package client

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/mixstream/mixstream/internal/excerpt"
	"github.com/mixstream/mixstream/internal/redact"
)

// checkURL returns an error if no request can be sent to a URL. shown is the URL as an
// error may show it, without its query and fragment. what names it in the error.
func checkURL(what, raw string) (shown string, err error) {
	shown, _, _ = strings.Cut(redact.URL(raw), "?")
	shown, _, _ = strings.Cut(shown, "#")
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return shown, fmt.Errorf("client: %s: %w", what, excerpt.Error(redact.Error(err)))
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return shown, fmt.Errorf("client: %s %s: not an absolute http or https URL", what, excerpt.Quote(shown))
	case !reachable(u):
		return shown, fmt.Errorf("client: %s %s: no server can have this host and port", what, excerpt.Quote(shown))
	}
	return shown, nil
}

// checkBaseURL returns an error if the paths of a spec cannot be appended to a URL.
func checkBaseURL(raw string) error {
	shown, err := checkURL("base URL", raw)
	if err == nil && strings.ContainsAny(raw, "?#") { // the query may hold a token
		err = fmt.Errorf("client: base URL %s: it has a query or a fragment, and must have neither", excerpt.Quote(shown))
	}
	return err
}

// reachable reports whether a server can have the host and the port of a URL. A port is
// from 1 to 65535. A label of a name has from 1 to 63 bytes (RFC 1035, section 2.3.4).
func reachable(u *url.URL) bool {
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return false
		}
	}
	host := u.Hostname()
	if strings.Contains(host, ":") { // IPv6, which url.Parse has checked
		return true
	}
	for label := range strings.SplitSeq(strings.TrimSuffix(host, "."), ".") {
		if label == "" || len(label) > 63 {
			return false
		}
	}
	return len(host) <= 254
}

// unreachable reports whether an attempt failed because its address cannot exist, which no
// repetition mends. A name that does not resolve may resolve later.
func unreachable(err error) bool {
	var address *net.AddrError
	var request *url.Error
	switch {
	case errors.As(err, &address):
		return true
	case !errors.As(err, &request):
		return false
	case request.Op == "parse":
		return true
	}
	// net/http gives these errors no type.
	reason := request.Err.Error()
	return strings.HasPrefix(reason, "unsupported protocol scheme") || reason == "http: no Host in request URL"
}
