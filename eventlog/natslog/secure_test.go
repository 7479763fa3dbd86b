package natslog_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"

	"github.com/mixstream/mixstream/eventlog/natslog"
)

// authority signs certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// issue returns a certificate with its key, signed by the authority, or by itself if
// there is none.
func (a *authority) issue(t *testing.T, template *x509.Certificate) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber = big.NewInt(1)
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, signer := template, key
	if a != nil {
		parent, signer = a.cert, a.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func newAuthority(t *testing.T) (*authority, *x509.CertPool) {
	t.Helper()
	root := (*authority)(nil).issue(t, &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	pool := x509.NewCertPool()
	pool.AddCert(root.Leaf)
	return &authority{root.Leaf, root.PrivateKey.(*ecdsa.PrivateKey)}, pool
}

// operated makes a server one whose users an operator admits, and returns the path of
// the credentials file of one of them.
func operated(t *testing.T, o *server.Options) string {
	t.Helper()
	pair := func(create func() (nkeys.KeyPair, error)) (nkeys.KeyPair, string) {
		keys, err := create()
		if err != nil {
			t.Fatal(err)
		}
		public, err := keys.PublicKey()
		if err != nil {
			t.Fatal(err)
		}
		return keys, public
	}
	operator, operatorID := pair(nkeys.CreateOperator)
	_, systemID := pair(nkeys.CreateAccount)
	account, accountID := pair(nkeys.CreateAccount)
	user, userID := pair(nkeys.CreateUser)

	resolver := &server.MemAccResolver{}
	for _, id := range []string{systemID, accountID} {
		claims := jwt.NewAccountClaims(id)
		if id == accountID {
			claims.Limits.JetStreamLimits = jwt.JetStreamLimits{MemoryStorage: -1, DiskStorage: -1, Streams: -1, Consumer: -1}
		}
		token, err := claims.Encode(operator)
		if err != nil {
			t.Fatal(err)
		}
		if err := resolver.Store(id, token); err != nil {
			t.Fatal(err)
		}
	}
	o.TrustedKeys, o.SystemAccount, o.AccountResolver = []string{operatorID}, systemID, resolver

	token, err := jwt.NewUserClaims(userID).Encode(account)
	if err != nil {
		t.Fatal(err)
	}
	seed, err := user.Seed()
	if err != nil {
		t.Fatal(err)
	}
	file, err := jwt.FormatUserConfig(token, seed)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "user.creds")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A log is opened, and works, on a server that asks for each kind of credential; and
// without them it is not.
func TestSecured(t *testing.T) {
	ca, roots := newAuthority(t)
	leaf := func(use x509.ExtKeyUsage) tls.Certificate {
		return ca.issue(t, &x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{use}})
	}
	secured := func(o *server.Options) {
		o.TLSConfig = &tls.Config{Certificates: []tls.Certificate{leaf(x509.ExtKeyUsageServerAuth)}, ClientCAs: roots, MinVersion: tls.VersionTLS12}
		o.TLSTimeout = patience.Seconds()
	}
	for name, secure := range map[string]func(t *testing.T, s *server.Options, o *natslog.Options){
		"token": func(_ *testing.T, s *server.Options, o *natslog.Options) {
			s.Authorization, o.Token = "secret", "secret"
		},
		"user and password": func(_ *testing.T, s *server.Options, o *natslog.Options) {
			s.Username, s.Password, o.User, o.Password = "alice", "secret", "alice", "secret"
		},
		"credentials file": func(t *testing.T, s *server.Options, o *natslog.Options) {
			o.Credentials = operated(t, s)
		},
		"TLS": func(_ *testing.T, s *server.Options, o *natslog.Options) {
			secured(s)
			o.TLS = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
		},
		"mutual TLS": func(_ *testing.T, s *server.Options, o *natslog.Options) {
			secured(s)
			s.TLSConfig.ClientAuth = tls.RequireAndVerifyClientCert
			o.TLS = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{leaf(x509.ExtKeyUsageClientAuth)}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, o := &server.Options{StoreDir: t.TempDir()}, natslog.Options{}
			secure(t, s, &o)
			o.URL = startNATS(t, s).ClientURL()
			m := tester{t, mustOpen(t, o)}
			f := m.follow(own("s"))
			_, start := f.bounds()
			f.expect(start, m.append(own("s"), 3)...)

			if l, err := natslog.Open(t.Context(), natslog.Options{URL: o.URL}); err == nil {
				l.Close()
				t.Error("a log is opened without the credentials")
			}
		})
	}
}
