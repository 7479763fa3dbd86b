package main

import (
	"encoding/json"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/mixstream/mixstream/gen"
)

// isLoopback reports whether only programs of this machine reach the listener.
func isLoopback(l net.Listener) bool {
	addr, ok := l.Addr().(*net.TCPAddr)
	return ok && addr.IP.IsLoopback()
}

// localHost answers requests with 421 unless their host is this machine or one of hosts.
// Otherwise any page could make the browser resolve the page's name to a loopback address, and
// would then have the same origin as the server (DNS rebinding). Such a page cannot choose the
// Host header, though.
func localHost(next http.Handler, hosts []string) http.Handler {
	allowed := make([]string, len(hosts))
	for i, host := range hosts {
		allowed[i] = hostname(host)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if host := hostname(r.Host); isLocalName(host) || slices.Contains(allowed, host) {
			next.ServeHTTP(w, r)
			return
		}
		body, err := json.Marshal(gen.ErrorResponse{Error: gen.RESTError{
			Code:    http.StatusMisdirectedRequest,
			Type:    gen.RESTErrorTypeBadRequest,
			Message: "this server does not answer for the host of the request; --host allows it",
		}})
		if err != nil {
			panic(err) // strings and a number always marshal
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusMisdirectedRequest)
		_, _ = w.Write(append(body, '\n')) // the client may have left
	})
}

// hostname returns the host of a Host header, without the port.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
}

func isLocalName(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") { // RFC 6761, section 6.3
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
