package main

import (
	"crypto/rand"
	"net/http"
	"strings"
	"sync"

	"github.com/mixstream/mixstream/server"
)

// logins holds the users that are logged in, by the secret in their cookie.
type logins struct {
	mu    sync.Mutex
	users map[string]string
}

func newLogins() *logins { return &logins{users: make(map[string]string)} }

const cookieName = "login"

// login is where an application would ask for a password.
func (l *logins) login(w http.ResponseWriter, r *http.Request) {
	user := r.URL.Query().Get("user")
	if user == "" || strings.Contains(user, "/") {
		http.Error(w, "a user is required", http.StatusBadRequest)
		return
	}
	secret := rand.Text()
	l.mu.Lock()
	l.users[secret] = user
	l.mu.Unlock()
	// The page and the server belong to the same site, so the browser sends the strict cookie.
	// Without HTTPS it cannot be Secure; in an application it must be.
	http.SetCookie(w, &http.Cookie{Name: cookieName, Value: secret, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode}) //nolint:gosec // see above
	w.WriteHeader(http.StatusNoContent)
}

func (l *logins) logout(w http.ResponseWriter, r *http.Request) {
	if cookie, err := r.Cookie(cookieName); err == nil {
		l.mu.Lock()
		delete(l.users, cookie.Value)
		l.mu.Unlock()
	}
	w.WriteHeader(http.StatusNoContent)
}

// user returns the user that sends a request, or an empty string.
func (l *logins) user(r *http.Request) string {
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return ""
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.users[cookie.Value]
}

// authorize lets a user read the sessions below the user's name.
func (l *logins) authorize(r *http.Request, sessionID string) error {
	user := l.user(r)
	if user == "" {
		return &server.RefusalError{
			Status:  http.StatusUnauthorized,
			Header:  http.Header{"Www-Authenticate": {`Cookie cookie-name="` + cookieName + `"`}},
			Message: "log in first",
		}
	}
	if !strings.HasPrefix(sessionID, user+"/") {
		return server.ErrForbidden
	}
	return nil
}
