// Package redact takes the secrets of URLs out of what is shown: errors, logs and messages.
// The whole user information of a URL is taken for one, since it may be a token without a
// password, which url.URL.Redacted shows.
package redact

import (
	"errors"
	"net/url"
	"regexp"
	"strings"
)

// hidden stands for the user information.
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

// URL returns what is perhaps a URL without its secrets. Of what url.Parse refuses, or
// takes for something else than user information, all before the last @ is hidden.
func URL(raw string) string {
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
func Text(text string) string { return inText.ReplaceAllString(text, "://"+hidden+"@") }

// errNotURL replaces the reason of url.Parse, which repeats a part of the URL.
var errNotURL = errors.New("not a URL")

// Error returns an error of net/url or net/http, which is a *url.Error, without the
// secrets of its URL. Any other error is returned as it is.
func Error(err error) error {
	e, ok := err.(*url.Error) //nolint:errorlint // what wraps one has its text already
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
