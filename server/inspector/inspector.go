// Package inspector serves a page that shows a live session in a browser.
//
//	page, err := inspector.New(api.OrderEvents, srv)
//	...
//	http.Handle("/", page)
//
// The page is embedded and loads nothing from elsewhere. It follows a session by the browser's
// EventSource, through the handler of the streams. So it shows a user only what that handler
// lets the user read: see [Handler]. It is a tool for developers and operators, and is off until
// an application mounts it.
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

// Handler serves the page and its parts, and passes all other requests on.
//
// A browser's EventSource cannot send an Authorization header. If the streams need one, the user
// gives the page a bearer token. The page sends it to the Handler from time to time. The Handler
// keeps it for ten minutes in a sealed cookie of the page's origin, which scripts cannot read.
// When the page asks for a stream, the Handler puts the Authorization header back, and the
// authorizer of the server decides. The cookie serves only to read.
type Handler struct {
	next     http.Handler
	base     string
	agent    bool
	resume   bool   // whether the page's positions become headers
	names    []byte // the content of names.js
	sessions func(*http.Request) []string
	seal     *seal
	mux      *http.ServeMux
}

// Option configures a [Handler].
type Option func(*Handler)

// WithBasePath sets the prefix, such as "/api", below which the next handler serves the paths of
// the spec; empty by default. The page is below it too. New refuses a prefix that is not a clean
// path, or ends with a slash.
func WithBasePath(prefix string) Option { return func(h *Handler) { h.base = prefix } }

// WithSessions sets the function that returns the sessions to choose from, the latest first; by
// default the page offers none. If the user has given a token, the request has it in the
// Authorization header. f must return only sessions that the token may read. The Handler calls
// f from many goroutines.
func WithSessions(f func(r *http.Request) []string) Option {
	return func(h *Handler) { h.sessions = f }
}

// WithAgentView makes the page draw events as the turns of an agent. It joins pieces of text and
// the events of a tool call, and marks permissions, notifications and errors. It knows events by
// the names of this repository's own contract, so it serves that contract and specs that derive
// from it. By default the page shows each event by itself, with its data.
func WithAgentView() Option { return func(h *Handler) { h.agent = true } }

// New returns a handler that serves the page for an operation, and passes all other requests to
// next: the server of the operation's streams, or a handler in front of it. New refuses an
// operation whose method is not GET, or whose session is in a header or a cookie: a browser's
// EventSource cannot ask for its streams.
//
// The page fills the path of the operation with the session. It takes other parameters from the
// query of its own address: with /?tenant=acme it follows streams of that tenant, whether the
// operation has the tenant in its path or in its query.
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
		r.URL.RawQuery = "" // a redirect would repeat it
		files.ServeHTTP(w, r)
	}))
	h.mux.Handle("GET "+h.base+"/inspector/names.js", guarded(h.serveNames))
	h.mux.Handle("GET "+h.base+"/inspector/sessions", guarded(h.listSessions))
	h.mux.Handle("POST "+h.base+"/inspector/access", guarded(h.grant))
	h.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(w, h.fromPage(r)) })
	return h, nil
}

// ServeHTTP serves the page, or passes the request on.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !cleanpath.Is(r.URL.Path) {
		h.next.ServeHTTP(w, h.fromPage(r))
		return
	}
	h.mux.ServeHTTP(w, r)
}

// policy lets the page only run its own scripts and talk to its own origin: text of an event that
// became markup could do nothing.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// guarded sets the headers that keep other pages and origins out.
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
