// Package cleanpath finds the paths that an http.ServeMux answers with a redirect, which
// repeats the path, and the query beside it, in a header and in the body.
package cleanpath

import "path"

// Is reports whether a request's path is one that an http.ServeMux takes as it is.
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
