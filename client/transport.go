package client

import (
	"net/http"
	"sync"
	"time"
)

// http2Silence is the time without a frame, or with a write that does not move, after which
// an HTTP/2 connection is pinged. A connection that does not answer for as long is dropped.
const http2Silence = 15 * time.Second

// defaultHTTPClient returns http.DefaultClient, changed only for HTTP/2: net/http makes
// every attempt on the connection that it has, even if that connection is dead. If the
// application has set a Transport there, or has replaced http.DefaultTransport with another
// type, its settings stay.
var defaultHTTPClient = sync.OnceValue(func() *http.Client {
	shared, ok := http.DefaultTransport.(*http.Transport)
	if !ok || http.DefaultClient.Transport != nil {
		return http.DefaultClient
	}
	t := shared.Clone()
	if t.HTTP2 == nil {
		t.HTTP2 = new(http.HTTP2Config)
	}
	for _, d := range []*time.Duration{&t.HTTP2.SendPingTimeout, &t.HTTP2.PingTimeout, &t.HTTP2.WriteByteTimeout} {
		if *d == 0 {
			*d = http2Silence
		}
	}
	c := *http.DefaultClient
	c.Transport = t
	return &c
})
