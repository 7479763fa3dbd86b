package client

import (
	"errors"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// reachable reports whether a server can have the host and the port of a URL: the port is
// from 1 to 65535, and the labels of a name have from 1 to 63 bytes (RFC 1035, section 2.3.4).
func reachable(u *url.URL) bool {
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return false
		}
	}
	host := u.Hostname()
	if strings.Contains(host, ":") { // IPv6, which url.Parse has looked at
		return true
	}
	for label := range strings.SplitSeq(strings.TrimSuffix(host, "."), ".") {
		if label == "" || len(label) > 63 {
			return false
		}
	}
	return len(host) <= 254
}

// unreachable reports whether an attempt failed for an address that is none, which no
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
	// The errors of net/http for these have no type.
	reason := request.Err.Error()
	return strings.HasPrefix(reason, "unsupported protocol scheme") || reason == "http: no Host in request URL"
}
