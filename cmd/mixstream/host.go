package main

import (
	"encoding/json"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/mixstream/mixstream/gen"
)

// isLoopback tells whether only programs of this machine reach the listener.
func isLoopback(l net.Listener) bool {
	addr, ok := l.Addr().(*net.TCPAddr)
	return ok && addr.IP.IsLoopback()
}

// localHost answers requests for another host than this machine, or one of those
// that are allowed, with 421: a page of anywhere could have the browser look its
// name up as a loopback address, and would be of the server's origin then (DNS
// rebinding). It cannot choose the Host header, though.
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
			Message: "this server is not for the host of the request; --host allows one",
		}})
		if err != nil {
			panic(err) // strings and a number always marshal
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusMisdirectedRequest)
		_, _ = w.Write(append(body, '\n')) // a client that has left cannot be answered
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
