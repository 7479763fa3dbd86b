package contract

import (
	"net/url"
	"strings"
)

// BaseURL returns the URL of a server with a slash at the end of its path. The path of an
// operation is then resolved below it: https://host/v2 keeps its /v2.
func BaseURL(server string) string {
	u, err := url.Parse(server)
	if err != nil || u.Opaque != "" || strings.HasSuffix(u.Path, "/") {
		return server // the code that makes the request reports what is wrong
	}
	return u.JoinPath("/").String()
}
