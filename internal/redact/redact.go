// Package redact removes the secrets of URLs from errors, logs and messages. It treats the
// whole user information of a URL as a secret: that may be a token without a password, which
// url.URL.Redacted shows.
package redact

import (
	"errors"
	"net/url"
	"regexp"
	"strings"
)

// hidden replaces the user information.
const hidden = "xxxxx"

// Parsed returns a URL without its secrets.
func Parsed(u *url.URL) string {
	if u.User == nil {
		return u.String()
	}
	shown := *u
	shown.User = url.User(hidden)
	return shown.String()
}

// URL returns raw, which may or may not be a URL, without its secrets. If url.Parse fails or
// finds no user information before an @, URL hides everything before the last @. Of the address
// of a PostgreSQL database it shows only the hosts, the ports and the database.
func URL(raw string) string {
	if isPostgres(raw) {
		return postgres(raw)
	}
	return parameters(withoutUser(raw))
}

// withoutUser returns raw without user information.
func withoutUser(raw string) string {
	u, err := url.Parse(raw)
	if err == nil && u.User != nil {
		return Parsed(u)
	}
	at := strings.LastIndexByte(raw, '@')
	if at < 0 || err == nil && u.Host != "" && !strings.Contains(u.Host, "@") {
		return raw
	}
	scheme, _, found := strings.Cut(raw[:at], "://")
	if !found {
		return hidden + raw[at:]
	}
	return scheme + "://" + hidden + raw[at:]
}

// inText matches the user information of a URL within a text.
var inText = regexp.MustCompile(`://[^\s"/?#]*@`)

// Text returns a text without the secrets of the URLs in it.
func Text(text string) string {
	text = postgresInText.ReplaceAllStringFunc(text, func(found string) string {
		address := strings.TrimRight(found, ".,;:)")
		return postgres(address) + found[len(address):]
	})
	return parameters(inText.ReplaceAllString(text, "://"+hidden+"@"))
}

// errNotURL replaces the reason of url.Parse, which repeats a part of the URL.
var errNotURL = errors.New("not a URL")

// Error returns an error of net/url or net/http, which is a *url.Error, without the secrets of
// its URL. It returns any other error unchanged.
func Error(err error) error {
	e, ok := err.(*url.Error) //nolint:errorlint // an error that wraps one already contains its text
	if !ok {
		return err
	}
	shown := *e
	shown.URL = URL(e.URL)
	if e.Op == "parse" && shown.URL != e.URL {
		shown.Err = errNotURL
	}
	return &shown
}
