package natslog_test

import (
	"crypto/tls"
	"crypto/x509"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"

	"github.com/mixstream/mixstream/eventlog/natslog"
	"github.com/mixstream/mixstream/internal/natstest"
)

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

// A log works on a server that asks for any kind of credential, and does not open without
// it.
func TestSecured(t *testing.T) {
	https := httptest.NewTLSServer(nil) // for its certificate, which is one of 127.0.0.1
	defer https.Close()
	pair, roots := https.TLS.Certificates, x509.NewCertPool()
	roots.AddCert(https.Certificate())
	secured := func(o *server.Options) {
		o.TLSConfig, o.TLSTimeout = &tls.Config{Certificates: pair, MinVersion: tls.VersionTLS12}, patience.Seconds()
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
			s.TLSConfig.ClientAuth = tls.RequireAnyClientCert
			o.TLS = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12, Certificates: pair}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, o := &server.Options{StoreDir: t.TempDir()}, natslog.Options{}
			secure(t, s, &o)
			o.URL = natstest.Start(t, s).ClientURL()
			m := tester{t, mustOpen(t, o)}
			f := m.follow(own("s"))
			_, start := f.bounds()
			f.expect(start, m.append(own("s"), 3)...)

			if l, err := natslog.Open(t.Context(), natslog.Options{URL: o.URL}); err == nil {
				l.Close()
				t.Error("the log opens without the credentials")
			}
		})
	}
}
