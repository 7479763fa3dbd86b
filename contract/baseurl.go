package contract

import (
	"net/url"
	"strings"
)

// BaseURL returns the URL of a server with a slash at the end of its path, so that the path
// of an operation is resolved below it: https://host/v2 keeps its /v2.
func BaseURL(server string) string {
	u, err := url.Parse(server)
	if err != nil || u.Opaque != "" || strings.HasSuffix(u.Path, "/") {
		return server // what makes the request tells what is wrong with it
	}
	return u.JoinPath("/").String()
}
