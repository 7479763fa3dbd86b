package client

import (
	"net/http"
	"sync"
	"time"
)

// http2Silence is after how long without a frame, or with a write that does not move,
// a connection of HTTP/2 is looked after, and again until it is given up.
const http2Silence = 15 * time.Second

// defaultHTTPClient is http.DefaultClient, but for connections of HTTP/2: package
// net/http by itself makes every attempt on the one that it has, also if that is dead.
// An application that has set a Transport there, or replaced http.DefaultTransport with
// something else, gets what it has set.
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
