// Package inspector is a page on which a person looks at a live session in a browser.
//
//	page, err := inspector.New(srv)
//	...
//	http.Handle("/", page)
//
// The page is embedded and asks nobody else for anything. It follows a session by the
// browser's own EventSource, through the handler that it stands before, so whoever may
// not read a session there does not see it here either: see [Handler]. It is a tool
// for developers and operators; mounting it is how it is asked for.
package inspector

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"

	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/cleanpath"
	"github.com/mixstream/mixstream/internal/excerpt"
)

//go:embed page
var embedded embed.FS

// Handler serves the page and what belongs to it, and hands all other requests on.
//
// A browser's EventSource can send no Authorization header. Where the streams need
// one, the person gives the page a bearer token, and the page shows it to the handler
// once in a while: that keeps it in a cookie of the page's origin, sealed, for ten
// minutes, which scripts cannot read. To a request for a stream from the page itself,
// the handler gives back the Authorization header, and the server's own authorizer
// decides on it. The cookie is good for reading only.
type Handler struct {
	next     http.Handler
	base     string
	sessions func(*http.Request) []string
	seal     *seal
	mux      *http.ServeMux
}

// Option configures a Handler.
type Option func(*Handler)

// WithBasePath serves the page below a prefix such as "/api", where the handler
// behind it serves the paths of the spec (server.WithBasePath).
func WithBasePath(prefix string) Option { return func(h *Handler) { h.base = prefix } }

// WithSessions sets the function that names sessions to choose from, the latest
// first. The request has the Authorization header, if the person has given a token:
// the function returns only what that may read. It is called from many goroutines.
func WithSessions(f func(r *http.Request) []string) Option {
	return func(h *Handler) { h.sessions = f }
}

// New returns a handler that serves the page and hands all other requests to next,
// which is the server of the streams or has it within.
func New(next http.Handler, opts ...Option) (*Handler, error) {
	h := &Handler{next: next, mux: http.NewServeMux()}
	for _, o := range opts {
		o(h)
	}
	if next == nil {
		return nil, errors.New("inspector: nil handler")
	}
	if h.base != "" && (path.Clean(h.base) != h.base || h.base[0] != '/' || h.base == "/" || strings.ContainsAny(h.base, "{} \t")) {
		return nil, fmt.Errorf("inspector: base path %s: must begin with a slash, not end with one, be clean, and have no braces or spaces", excerpt.Quote(h.base))
	}
	var err error
	if h.seal, err = newSeal(); err != nil {
		return nil, fmt.Errorf("inspector: %w", err)
	}
	page, err := fs.Sub(embedded, "page")
	if err != nil {
		return nil, fmt.Errorf("inspector: %w", err)
	}
	files := http.StripPrefix(h.base+"/inspector", http.FileServerFS(page))
	h.mux.Handle("GET "+h.base+"/{$}", guarded(func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, page, "index.html") }))
	h.mux.Handle("GET "+h.base+"/inspector/{file}", guarded(func(w http.ResponseWriter, r *http.Request) {
		r = r.Clone(r.Context())
		r.URL.RawQuery = "" // which a redirect would repeat
		files.ServeHTTP(w, r)
	}))
	h.mux.Handle("GET "+h.base+"/inspector/names.js", guarded(names))
	h.mux.Handle("GET "+h.base+"/inspector/sessions", guarded(h.listSessions))
	h.mux.Handle("POST "+h.base+"/inspector/access", guarded(h.grant))
	h.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(w, h.withCredentials(r)) })
	return h, nil
}

// ServeHTTP serves the page, or hands the request on.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !cleanpath.Is(r.URL.Path) {
		h.next.ServeHTTP(w, r)
		return
	}
	h.mux.ServeHTTP(w, r)
}

// policy lets the page run its own scripts and talk to its own origin, and nothing
// else: text that gets out of its place in the page could do nothing.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// guarded sets the headers that keep the page to itself.
func guarded(f http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-cache")
		f(w, r)
	}
}

// names serves the names of the events, since an EventSource gives an event only to
// a listener of its name.
func names(w http.ResponseWriter, _ *http.Request) {
	list, err := json.Marshal(gen.EventNames())
	if err != nil {
		panic(err) // strings always marshal
	}
	w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
	fmt.Fprintf(w, "export const eventNames = %s;\n", list)
}

func (h *Handler) listSessions(w http.ResponseWriter, r *http.Request) {
	list := []string{}
	if h.sessions != nil {
		list = append(list, h.sessions(h.withCredentials(r))...)
	}
	body, err := json.Marshal(list)
	if err != nil {
		panic(err) // strings always marshal
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body) // a browser that has left cannot be answered
}
