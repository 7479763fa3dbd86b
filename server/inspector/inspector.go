// Package inspector is a page on which a person looks at a live session in a browser.
//
//	page, err := inspector.New(api.OrderEvents, srv)
//	...
//	http.Handle("/", page)
//
// The page is embedded and loads nothing from elsewhere. It follows a session by the
// browser's own EventSource, through the handler that it stands before, so it shows a person
// only what that handler lets the person read: see [Handler]. It is a tool for developers and
// operators, and is off until an application mounts it.
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

	"github.com/mixstream/mixstream/contract"
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
	agent    bool
	resume   bool   // whether the page's positions become headers
	names    []byte // the module names.js
	sessions func(*http.Request) []string
	seal     *seal
	mux      *http.ServeMux
}

// Option configures a Handler.
type Option func(*Handler)

// WithBasePath serves the page below a prefix such as "/api", where the handler
// behind it serves the paths of the spec.
func WithBasePath(prefix string) Option { return func(h *Handler) { h.base = prefix } }

// WithSessions sets the function that names sessions to choose from, the latest
// first. The request has the Authorization header, if the person has given a token:
// the function returns only what that may read. It is called from many goroutines.
func WithSessions(f func(r *http.Request) []string) Option {
	return func(h *Handler) { h.sessions = f }
}

// WithAgentView makes the page draw events as the turns of an agent: it joins pieces of text
// and the events of a tool call, and shows permissions, notifications and errors for what they
// are. It goes by the event names of this repository's own contract, so it is for that one and
// for a spec that has grown from it. Without it the page shows each event by itself, with its
// data.
func WithAgentView() Option { return func(h *Handler) { h.agent = true } }

// New returns a handler that serves the page for an operation, and hands all other requests
// to next, which is the server of the operation's streams or leads to it. A browser's
// EventSource must be able to ask for the streams: New refuses an operation whose method is
// not GET, or whose session is in a header or a cookie.
//
// The page fills the path of the operation with the session. Other parameters come from the
// query of the page's own address: with /?tenant=acme it follows streams of that tenant,
// whether the tenant is in the path or in the query of the operation.
func New[P, E any](op contract.Operation[P, E], next http.Handler, opts ...Option) (*Handler, error) {
	h := &Handler{next: next, mux: http.NewServeMux(), resume: op.Position.In != "query"}
	for _, o := range opts {
		o(h)
	}
	switch {
	case next == nil:
		return nil, errors.New("inspector: nil handler")
	case op.Events == nil:
		return nil, errors.New("inspector: the operation has no events: pass the variable that eventgen declares for it")
	case op.Method != http.MethodGet:
		return nil, fmt.Errorf("inspector: operation %s is a %s, and a browser's EventSource makes GET requests only", op.ID, op.Method)
	case op.Session.In == "header" || op.Session.In == "cookie":
		return nil, fmt.Errorf("inspector: operation %s has its session in the %s %s, which a browser's EventSource cannot set", op.ID, op.Session.In, op.Session.Name)
	case op.Path == "/":
		return nil, fmt.Errorf("inspector: operation %s has the path of the page: mount the page below another path with http.StripPrefix", op.ID)
	}
	if h.base != "" && (path.Clean(h.base) != h.base || h.base[0] != '/' || h.base == "/" || strings.ContainsAny(h.base, "{} \t")) {
		return nil, fmt.Errorf("inspector: base path %s: must begin with a slash, not end with one, be clean, and have no braces or spaces", excerpt.Quote(h.base))
	}
	h.names = namesOf(describe(op.Path, op.ID, op.Session, op.Position, op.Control, op.Events.NameIn, h.agent), op.Events.Names)
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
	h.mux.Handle("GET "+h.base+"/inspector/names.js", guarded(h.serveNames))
	h.mux.Handle("GET "+h.base+"/inspector/sessions", guarded(h.listSessions))
	h.mux.Handle("POST "+h.base+"/inspector/access", guarded(h.grant))
	h.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(w, h.fromPage(r)) })
	return h, nil
}

// ServeHTTP serves the page, or hands the request on.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !cleanpath.Is(r.URL.Path) {
		h.next.ServeHTTP(w, h.fromPage(r))
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
