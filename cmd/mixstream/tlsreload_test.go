package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// writePair writes cert.pem and key.pem for 127.0.0.1, each by replacing the old file with a
// new one.
func writePair(t *testing.T, dir string, serial int64, valid time.Duration) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotAfter: time.Now().Add(valid)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	replaceFile(t, filepath.Join(dir, "cert.pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}))
	replaceFile(t, filepath.Join(dir, "key.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
	parsed, err := x509.ParseCertificate(cert)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func replaceFile(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path+".new", text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// handshake returns the serial number of the certificate that a new connection gets.
func handshake(t *testing.T, url string) int64 {
	t.Helper()
	dialer := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}
	c, err := dialer.DialContext(t.Context(), "tcp", strings.TrimPrefix(url, "https://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber.Int64()
}

func TestCertificateReload(t *testing.T) {
	dir := t.TempDir()
	writePair(t, dir, 1, time.Hour)
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	p, url := serving(t, "--tls-cert", certFile, "--tls-key", keyFile)
	for _, c := range []struct {
		name   string
		change func()
		serial int64
		logged string
	}{
		{"the first", func() {}, 1, ""},
		{"a new one", func() { writePair(t, dir, 2, time.Hour) }, 2, "using a new certificate"},
		{"a broken one", func() { replaceFile(t, certFile, []byte("nonsense")) }, 2, "keeping the previous one"},
		{"a certificate without its key", func() { replaceFile(t, keyFile, nil) }, 2, "keeping the previous one"},
		{"a whole one", func() { writePair(t, dir, 3, time.Hour) }, 3, "using a new certificate"},
	} {
		c.change()
		if got := handshake(t, url); got != c.serial {
			t.Errorf("%s: the certificate is %d, want %d", c.name, got, c.serial)
		}
		if c.logged != "" {
			p.stderr.find(t, c.logged)
		}
	}
	if runtime.GOOS == "windows" {
		return // there is no SIGHUP
	}
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if err := self.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	p.stderr.find(t, "using a new certificate")
	if got := handshake(t, url); got != 3 {
		t.Errorf("after SIGHUP the certificate is %d", got)
	}
}

// Messages of net/http about a connection are ordinary log lines.
func TestServerErrorsAreLogged(t *testing.T) {
	dir := t.TempDir()
	writePair(t, dir, 1, time.Hour)
	p, url := serving(t, "--tls-cert", filepath.Join(dir, "cert.pem"), "--tls-key", filepath.Join(dir, "key.pem"))
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "https://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "GET / HTTP/1.0\r\n\r\n")
	if line := p.stderr.find(t, "TLS handshake error"); !strings.HasPrefix(line, "time=") || !strings.Contains(line, "level=WARN") {
		t.Errorf("got %q", line)
	}
}
