package server

import (
	"errors"
	"net/http"
	"net/netip"
	"time"
)

// WithMaxPublishes bounds the requests that publish at once; by default 1,000. A request
// over the limit is answered with 503 and Retry-After. Zero is no limit.
func WithMaxPublishes(n int) Option { return func(c *config) { c.maxPublishes = n } }

// WithMaxPublishesPerClient bounds the requests of one client that publish at once; by
// default 250. The function key identifies the client of a request: the user that a
// middleware has put into its context, a token, an address. The server calls it after the
// authorizer, from many goroutines. A request over the limit is answered with 429 and
// Retry-After; a request for which key returns an empty string is not limited. If n is
// zero, there is no such limit.
//
// By default, and if key is nil, a client is an address: see [ClientAddress]. Behind a
// proxy all clients have the proxy's address and share one limit, so a server there needs
// a key of its own.
func WithMaxPublishesPerClient(n int, key func(*http.Request) string) Option {
	if key == nil {
		key = ClientAddress
	}
	return func(c *config) { c.maxPublishesPerClient, c.publishClientKey = n, key }
}

// WithPublishIdleTimeout bounds how long a body of lines may go on without a whole event;
// by default 10 minutes. Zero is no limit. Empty lines and the beginning of a line are no
// progress, and the time that the log takes does not count. A request that is over it is
// answered with 503, Retry-After, and the number of events that it has published. The
// body of a single event must come within this time and within 30 s.
func WithPublishIdleTimeout(d time.Duration) Option {
	return func(c *config) { c.publishIdle = d }
}

func (c *config) checkPublishLimits() error {
	switch {
	case c.maxPublishes < 0 || c.maxPublishesPerClient < 0:
		return errors.New("server: a limit of requests must not be negative")
	case c.publishIdle < 0:
		return errors.New("server: negative duration")
	}
	return nil
}

// ClientAddress returns the address from which a request came, as a key for
// [WithMaxPublishesPerClient] and [WithMaxStreamsPerClient]: that of RemoteAddr without
// the port, and of an IPv6 address the first 64 bits, which is what one client is given.
// It is empty for a RemoteAddr that has no address.
func ClientAddress(r *http.Request) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	address := peer.Addr().Unmap()
	if address.Is4() {
		return address.String()
	}
	network, err := address.WithZone("").Prefix(64)
	if err != nil {
		return ""
	}
	return network.String()
}

// takePlace takes the place of a request that publishes, or returns a *RefusalError. The
// caller must free it.
func (s *engine) takePlace(r *http.Request) (slot, error) {
	c := &s.cfg
	place := slot{taken: true}
	if c.maxPublishesPerClient > 0 {
		place.client = c.publishClientKey(r)
	}
	l := &s.publishers
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case c.maxPublishes > 0 && l.open >= c.maxPublishes:
		return slot{}, &RefusalError{Status: http.StatusServiceUnavailable, Message: "too many requests that publish"}
	case place.client != "" && l.byClient[place.client] >= c.maxPublishesPerClient:
		return slot{}, &RefusalError{Status: http.StatusTooManyRequests, Message: "too many requests of this client that publish"}
	}
	l.open++
	l.byClient.add(place.client)
	return place, nil
}
