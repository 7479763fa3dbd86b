// Package cleanpath finds the paths that an http.ServeMux redirects. Such a redirect repeats
// the path and its query in a header and in the body, where a secret in them becomes visible.
package cleanpath

import "path"

// Is reports whether an http.ServeMux serves a path without a redirect.
func Is(p string) bool {
	if p == "" || p[0] != '/' {
		return false
	}
	clean := path.Clean(p)
	if p[len(p)-1] == '/' && clean != "/" {
		return p[:len(p)-1] == clean
	}
	return p == clean
}
