package inspector

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"net/http"
	"time"
)

const (
	cookieName = "mixstream-inspector"
	// accessFor is the life of a cookie. The page renews it in half the time.
	accessFor = 10 * time.Minute
	// maxCredentials is the number of bytes that fit, sealed, into a cookie.
	maxCredentials = 2048
)

// grant puts the request's Authorization header into a cookie. Without the header it deletes the
// cookie.
func (h *Handler) grant(w http.ResponseWriter, r *http.Request) {
	if !isFromPage(r) || r.Header.Get("Content-Type") != "application/json" {
		http.Error(w, "only the page itself may do this", http.StatusForbidden)
		return
	}
	credentials := r.Header.Get("Authorization")
	if len(credentials) > maxCredentials {
		http.Error(w, "the token is too long for a cookie", http.StatusRequestHeaderFieldsTooLarge)
		return
	}
	cookie := &http.Cookie{ //nolint:gosec // G124: it is Secure wherever the page is
		Name:     cookieName,
		Path:     h.base + "/",
		MaxAge:   int(accessFor / time.Second),
		HttpOnly: true,
		Secure:   r.TLS != nil,
		SameSite: http.SameSiteStrictMode,
	}
	if credentials == "" {
		cookie.MaxAge = -1
	} else {
		cookie.Value = h.seal.close(credentials, time.Now().Add(accessFor))
	}
	http.SetCookie(w, cookie)
	w.WriteHeader(http.StatusNoContent)
}

// withCredentials returns a GET request of the page with the Authorization header from its
// cookie, and any other request as it is.
func (h *Handler) withCredentials(r *http.Request) *http.Request {
	cookie, err := r.Cookie(cookieName)
	if err != nil || r.Method != http.MethodGet || r.Header.Get("Authorization") != "" || !isFromPage(r) {
		return r
	}
	credentials, err := h.seal.open(cookie.Value, time.Now())
	if err != nil {
		return r
	}
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", credentials)
	return r
}

// isFromPage reports whether a request comes from a page of this origin. A cookie does not prove
// it: a browser also sends it from pages of other ports of the host.
func isFromPage(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" {
		return site == "same-origin"
	}
	// Browsers leave it out if the connection is not secure.
	origin := r.Header.Get("Origin")
	scheme := "http://"
	if r.TLS != nil {
		scheme = "https://"
	}
	return origin == "" || origin == scheme+r.Host
}

// seal makes values of cookies that only this process can make or read.
type seal struct{ aead cipher.AEAD }

func newSeal() (*seal, error) {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // it never fails
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return &seal{aead}, err
}

// close returns the value of a cookie with credentials that expire at a time.
func (s *seal) close(credentials string, until time.Time) string {
	plain := binary.BigEndian.AppendUint64(nil, uint64(until.Unix())) //nolint:gosec // G115: the time is after 1970
	return base64.RawURLEncoding.EncodeToString(s.aead.Seal(nil, nil, append(plain, credentials...), nil))
}

var errSeal = errors.New("inspector: the cookie is not valid")

// open returns the credentials of a cookie's value. It returns errSeal if they have expired, or if
// another process has made the value.
func (s *seal) open(value string, now time.Time) (string, error) {
	sealed, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil {
		return "", errSeal
	}
	plain, err := s.aead.Open(nil, nil, sealed, nil)
	if err != nil || len(plain) < 8 || uint64(now.Unix()) >= binary.BigEndian.Uint64(plain) { //nolint:gosec // G115: the time is after 1970
		return "", errSeal
	}
	return string(plain[8:]), nil
}
