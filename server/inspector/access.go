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
	// accessFor is how long a cookie is good for. The page renews it in half the time.
	accessFor = 10 * time.Minute
	// maxCredentials is what fits into a cookie when it is sealed.
	maxCredentials = 2048
)

// grant keeps the request's Authorization header in a cookie. Without the header it
// takes the cookie back.
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

// withCredentials returns a request of the page for reading with the Authorization
// header that its cookie stands for; any other request as it is.
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

// isFromPage tells whether a request comes from a page of this origin. A cookie alone
// does not: it is sent from other ports of the same host as well.
func isFromPage(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" {
		return site == "same-origin"
	}
	// Browsers leave it out where the connection is not a secure one.
	origin := r.Header.Get("Origin")
	scheme := "http://"
	if r.TLS != nil {
		scheme = "https://"
	}
	return origin == "" || origin == scheme+r.Host
}

// seal makes cookies that only this process can read or make.
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

// close seals credentials that are good until a time.
func (s *seal) close(credentials string, until time.Time) string {
	plain := binary.BigEndian.AppendUint64(nil, uint64(until.Unix())) //nolint:gosec // G115: the time is after 1970
	return base64.RawURLEncoding.EncodeToString(s.aead.Seal(nil, nil, append(plain, credentials...), nil))
}

var errSeal = errors.New("inspector: the cookie is not valid")

// open returns what was sealed, if it is still good.
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
