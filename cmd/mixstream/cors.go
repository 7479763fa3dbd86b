package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/rs/cors"

	"github.com/mixstream/mixstream/internal/excerpt"
	"github.com/mixstream/mixstream/internal/redact"
)

// crossOrigin tells what pages of other origins may do.
type crossOrigin struct {
	origins     []string
	credentials bool
}

// wrap adds the CORS protocol to a handler, if there are origins.
func (c *crossOrigin) wrap(h http.Handler) (http.Handler, error) {
	if len(c.origins) == 0 {
		if c.credentials {
			return nil, errors.New("--cors-credentials: set --cors-origin, too")
		}
		return h, nil
	}
	for _, origin := range c.origins {
		if err := checkOrigin(origin); err != nil {
			return nil, fmt.Errorf("--cors-origin %s: %w", excerpt.Quote(redact.URL(origin)), err)
		}
		if c.credentials && strings.Contains(origin, "*") {
			return nil, fmt.Errorf("--cors-origin %s: no wildcard with --cors-credentials: any page could read what the user may read", excerpt.Quote(origin))
		}
	}
	return cors.New(cors.Options{
		AllowedOrigins:   c.origins,
		AllowedMethods:   []string{http.MethodGet},
		AllowedHeaders:   []string{"Last-Event-ID", "Authorization"},
		ExposedHeaders:   []string{"Retry-After"},
		AllowCredentials: c.credentials,
		MaxAge:           600,
	}).Handler(h), nil
}

// checkOrigin refuses texts that no browser sends as an origin (RFC 6454, section 6.2).
func checkOrigin(origin string) error {
	if origin == "*" {
		return nil
	}
	u, err := url.Parse(origin)
	if err != nil || u.Scheme == "" || u.Host == "" || u.Scheme+"://"+u.Host != origin {
		return errors.New("not an origin: it is a scheme, ://, a host and perhaps a port, with nothing after it")
	}
	return nil
}
