package main

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"

	"github.com/mixstream/mixstream/server"
)

// tokenVariable is the environment variable with a bearer token: serve accepts it, tail sends
// it.
const tokenVariable = "MIXSTREAM_TOKEN"

// tokenSyntax matches the tokens that a header can carry (RFC 6750, section 2.1).
var tokenSyntax = regexp.MustCompile(`^[A-Za-z0-9._~+/-]+=*$`)

// errTokenSyntax does not repeat the token, because errors are printed and stored.
var errTokenSyntax = errors.New("not a bearer token: letters, digits and -._~+/ are allowed, and = at the end")

// tokens are the digests of the accepted bearer tokens.
type tokens [][sha256.Size]byte

// loadTokens returns the tokens of the file, if any, and of the environment.
func loadTokens(file string) (tokens, error) {
	var all tokens
	if file != "" {
		var err error
		if all, err = readTokens(file); err != nil {
			return nil, fmt.Errorf("--token-file: %w", err)
		}
	}
	token, err := bearerToken("")
	if err != nil {
		return nil, err
	}
	if _, set := os.LookupEnv(tokenVariable); set && token == "" {
		return nil, errors.New(tokenVariable + " is empty: unset it to let everybody read")
	}
	if token != "" {
		all = append(all, sha256.Sum256([]byte(token)))
	}
	return all, nil
}

func readTokens(file string) (tokens, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var all tokens
	for i, line := range strings.Split(string(text), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if !tokenSyntax.MatchString(line) {
			return nil, fmt.Errorf("%s, line %d: %w", file, i+1, errTokenSyntax)
		}
		all = append(all, sha256.Sum256([]byte(line)))
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s: contains no token", file)
	}
	return all, nil
}

// bearerToken returns the token of a flag, or else of the environment; empty if there is none.
func bearerToken(flag string) (string, error) {
	token, from := flag, "--token"
	if token == "" {
		token, from = strings.TrimSpace(os.Getenv(tokenVariable)), tokenVariable
	}
	if token != "" && !tokenSyntax.MatchString(token) {
		return "", fmt.Errorf("%s: %w", from, errTokenSyntax)
	}
	return token, nil
}

// authorize accepts a request with one of the tokens. Without tokens it accepts every request.
func (t tokens) authorize(r *http.Request, _ string) error {
	if len(t) == 0 {
		return nil
	}
	digest, ok := digestOf(r)
	if !ok {
		return refusal(`Bearer realm="mixstream"`, "a bearer token is required")
	}
	// Digests have the same length, and each is compared, so that the time does not reveal
	// anything about the tokens.
	found := 0
	for _, accepted := range t {
		found |= subtle.ConstantTimeCompare(digest[:], accepted[:])
	}
	if found == 0 {
		return refusal(`Bearer realm="mixstream", error="invalid_token"`, "the bearer token is not accepted")
	}
	return nil
}

// digestOf returns the digest of the request's bearer token, if it has one.
func digestOf(r *http.Request) (digest [sha256.Size]byte, ok bool) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return digest, false
	}
	return sha256.Sum256([]byte(strings.TrimSpace(token))), true
}

// client returns the key that identifies the client of an authorized request: its address, and
// its token if tokens are needed. Behind a proxy all clients have the same address.
func (t tokens) client(r *http.Request) string {
	key := server.ClientAddress(r)
	if digest, ok := digestOf(r); ok && len(t) > 0 {
		key += " " + string(digest[:])
	}
	return key
}

// refusal returns a 401 with a challenge (RFC 6750, section 3).
func refusal(challenge, message string) error {
	return &server.RefusalError{
		Status:  http.StatusUnauthorized,
		Header:  http.Header{"Www-Authenticate": {challenge}},
		Message: message,
	}
}
