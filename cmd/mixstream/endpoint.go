package main

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
)

// endpoint is the server's listener and its certificate, if any.
type endpoint struct {
	net.Listener
	certificate *certificate   // nil without TLS
	hangup      chan os.Signal // makes the server read the certificate again
}

// checkAddress returns an error if a flag's value is not an address. It does not matter
// whether another process listens there.
func checkAddress(flag, address string) error {
	if _, err := net.ResolveTCPAddr("tcp", address); err != nil {
		return fmt.Errorf("--%s: %w", flag, err)
	}
	return nil
}

// open reads the certificate, and starts to listen.
func (s *serve) open(logger *slog.Logger) (e *endpoint, err error) {
	e = &endpoint{hangup: make(chan os.Signal, 1)}
	secure := s.tlsCert != "" || s.tlsKey != ""
	if secure {
		if e.certificate, err = openCertificate(s.tlsCert, s.tlsKey, logger); err != nil {
			return nil, asUsage(err)
		}
	}
	if e.Listener, err = net.Listen("tcp", s.listen); err != nil {
		return nil, fmt.Errorf("--listen: %w", err)
	}
	if secure {
		signal.Notify(e.hangup, syscall.SIGHUP)
	}
	return e, nil
}

func (e *endpoint) close() {
	signal.Stop(e.hangup)
	e.Listener.Close()
}

func (e *endpoint) url() string {
	if e.certificate != nil {
		return "https://" + e.Addr().String()
	}
	return "http://" + e.Addr().String()
}

// serve starts to serve. The channel receives the error that ends it.
func (e *endpoint) serve(hs *http.Server) (ended <-chan error) {
	c := make(chan error, 1)
	go func() {
		if e.certificate == nil {
			c <- hs.Serve(e)
			return
		}
		hs.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: e.certificate.get}
		c <- hs.ServeTLS(e, "", "")
	}()
	return c
}
