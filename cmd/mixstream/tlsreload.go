package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// certificate is a certificate with its key. It reads both again when their files change. It
// is safe for concurrent use.
type certificate struct {
	certFile, keyFile string
	logger            *slog.Logger

	mu        sync.Mutex // guards the fields below
	pair      *tls.Certificate
	cert, key os.FileInfo // of the files last read; nil if missing
}

// openCertificate reads the pair for the first time.
func openCertificate(certFile, keyFile string, logger *slog.Logger) (*certificate, error) {
	c := &certificate{certFile: certFile, keyFile: keyFile, logger: logger}
	err := c.read()
	return c, err
}

// read reads the pair, and keeps the previous one if the new one is broken.
func (c *certificate) read() error {
	// These are taken before reading: a change in between is found the next time.
	c.cert, c.key = stat(c.certFile), stat(c.keyFile)
	pair, err := loadPair(c.certFile, c.keyFile)
	if err == nil {
		c.pair = pair
	}
	return err
}

// loadPair reads a certificate with its key.
func loadPair(certFile, keyFile string) (*tls.Certificate, error) {
	if certFile == "" || keyFile == "" {
		return nil, errors.New("--tls-cert, --tls-key: each needs the other")
	}
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, fmt.Errorf("--tls-cert, --tls-key: %w", err)
	}
	return &pair, nil
}

// get returns the certificate for a handshake. It implements tls.Config.GetCertificate.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !same(c.cert, stat(c.certFile)) || !same(c.key, stat(c.keyFile)) {
		c.replace()
	}
	return c.pair, nil
}

// reload reads the pair even if its files seem unchanged.
func (c *certificate) reload() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.replace()
}

func (c *certificate) replace() {
	if err := c.read(); err != nil {
		c.logger.Error("cannot use the new certificate, keeping the previous one", "error", err)
		return
	}
	c.logger.Info("using a new certificate", "file", c.certFile, "until", c.pair.Leaf.NotAfter.UTC().Format(time.RFC3339))
}

// stat returns nil for a file that does not exist.
func stat(path string) os.FileInfo {
	info, err := os.Stat(path)
	if err != nil {
		return nil
	}
	return info
}

// same reports whether a file is unchanged. A link to another file, as in a mounted secret of
// Kubernetes, is a change.
func same(a, b os.FileInfo) bool {
	if a == nil || b == nil {
		return a == b
	}
	return os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size()
}
