package client

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/internal/excerpt"
	"github.com/mixstream/mixstream/internal/pathtemplate"
)

// resumer makes the requests that resume a stream in its contract's own way
// (contract.Resume).
type resumer struct {
	baseURL string
	method  string // of the request that resumes, if path is not empty
	path    string // its path template; empty: the operation itself resumes
	params  []resumeParam
	first   pathtemplate.Template // the path of the operation that begins the stream
	then    pathtemplate.Template // the path of the one that resumes it
	inPath  map[string]string     // the parameters in the path of the first request
	begun   bool                  // an event came other than connected and heartbeat

	ambiguous bool // other values than inPath make that path as well
}

// resumerOf returns the resumer of an operation; nil if the operation has no Resume.
func resumerOf[P, E any](op contract.Operation[P, E], baseURL string) (*resumer, error) {
	if op.Resume == nil {
		return nil, nil //nolint:nilnil // there is none
	}
	r := &resumer{baseURL: baseURL, method: op.Resume.Method, path: op.Resume.Path, first: pathtemplate.Compile(op.Path)}
	r.then = r.first
	if r.path != "" {
		r.then = pathtemplate.Compile(r.path)
	}
	if err := r.prepare(op.Method, op.Resume.Params); err != nil {
		return nil, fmt.Errorf("client: operation %s: the request that resumes it: %w", excerpt.Quote(op.ID), err)
	}
	return r, nil
}

// prepare reads the parameters. It returns an error if no request can be made of them.
// method is that of the operation.
func (r *resumer) prepare(method string, params []contract.ResumeParam) error {
	isOther := r.path != ""
	switch {
	case !isOther && !isSafe(method):
		return fmt.Errorf("it is that of the operation itself, whose method is %s: the client repeats it, so name another one, with a safe method", method)
	case isOther && !isSafe(r.method):
		return fmt.Errorf("its method is %s: the client repeats it, so its method must be safe", r.method)
	case isOther && r.path[0] != '/':
		return fmt.Errorf("its path %s must begin with a slash", excerpt.Quote(r.path))
	}
	inPath := map[string]bool{}
	for _, param := range params {
		p := resumeParam{in: param.In, name: param.Name, from: param.From}
		if err := p.prepare(r.first, r.then); err != nil {
			return fmt.Errorf("its parameter %s: %w", excerpt.Quote(p.name), err)
		}
		inPath[p.name] = inPath[p.name] || p.in == "path"
		r.params = append(r.params, p)
	}
	for _, name := range r.then.Params() {
		if isOther && !inPath[name] {
			return fmt.Errorf("its parameter %s, in the path, has no value", excerpt.Quote(name))
		}
	}
	return nil
}

// learn keeps the values in the data of an event, which is nil if the event was too large.
// It reports whether they tell another position.
func (r *resumer) learn(data []byte) (moved bool) {
	r.begun = true
	for i := range r.params {
		moved = r.params[i].learn(data) || moved
	}
	return moved
}

// missing returns why the request cannot be made yet; empty if it can be made.
func (r *resumer) missing(lastEventID string) string {
	if r.ambiguous {
		return "several values of its parameters make the path of the first request, and the request that resumes it is made from them"
	}
	for i := range r.params {
		switch p := &r.params[i]; {
		case p.expr.EventID && lastEventID == "":
			return fmt.Sprintf("no event had an id, from which the parameter %s is made", p.name)
		case p.expr.InData && !p.known:
			return fmt.Sprintf("no event had a value at %s, from which the parameter %s is made", p.from, p.name)
		case p.missed:
			return fmt.Sprintf("the last event was too large to be read, and the parameter %s is made from its value at %s", p.name, p.from)
		}
	}
	return ""
}

// tellsPosition reports whether a parameter says where the stream goes on.
func (r *resumer) tellsPosition() bool {
	return slices.ContainsFunc(r.params, func(p resumeParam) bool { return p.tellsPosition() })
}

// needsPath reports whether the request that resumes is made from the path of the first one.
func (r *resumer) needsPath() bool {
	return slices.ContainsFunc(r.params, func(p resumeParam) bool { return p.expr.PathParam != "" || p.in == "path" && r.path == "" })
}

// began keeps the parameters in the path of a request that begins the stream.
func (r *resumer) began(req *http.Request) error {
	if !r.needsPath() {
		return nil
	}
	values, ok := r.first.Match(req.URL)
	if !ok {
		return requestError{errors.New("making the request: its path is not that of the operation, from which the request that resumes it is made")}
	}
	r.ambiguous = !r.first.IsUnique(req.URL)
	r.inPath = make(map[string]string, len(values))
	for i, name := range r.first.Params() {
		r.inPath[name] = values[i]
	}
	return nil
}

// text returns the value of a parameter.
func (r *resumer) text(p *resumeParam, lastEventID string) string {
	switch {
	case p.expr.EventID:
		return lastEventID
	case p.expr.InData:
		return p.value
	case p.expr.PathParam != "":
		return r.inPath[p.expr.PathParam]
	}
	return p.expr.Constant
}

// request returns the request that resumes the stream. again makes the first one anew.
func (r *resumer) request(ctx context.Context, lastEventID string, again func() (*http.Request, error)) (*http.Request, error) {
	inPath := map[string]string{}
	if r.path == "" {
		maps.Copy(inPath, r.inPath)
	}
	for i := range r.params {
		p := &r.params[i]
		if p.in != "path" {
			continue
		}
		value := r.text(p, lastEventID)
		if value == "" || value == "." || value == ".." {
			return nil, p.illegal(value)
		}
		inPath[p.name] = value
	}
	path := r.then.Fill(func(name string) string { return inPath[name] })
	req, err := r.bare(ctx, path, again)
	if err != nil {
		return nil, err
	}
	for i := range r.params {
		p := &r.params[i]
		if err := p.set(req, r.text(p, lastEventID)); err != nil {
			return nil, err
		}
		if p.tellsPosition() && p.in != "query" {
			req = req.WithContext(context.WithValue(req.Context(), positionHeader{}, p.in+" parameter "+excerpt.Quote(p.name)))
		}
	}
	return req, nil
}

// bare returns the request without the parameters outside of the path.
func (r *resumer) bare(ctx context.Context, path string, again func() (*http.Request, error)) (*http.Request, error) {
	if r.path != "" {
		req, err := http.NewRequestWithContext(ctx, r.method, strings.TrimSuffix(contract.BaseURL(r.baseURL), "/")+path, http.NoBody) // a request editor can read it
		if err != nil {
			return nil, requestError{fmt.Errorf("making the request: %w", err)}
		}
		return req, nil
	}
	req, err := again()
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(r.params, func(p resumeParam) bool { return p.in == "path" }) {
		u := *req.URL
		u.RawPath = r.then.Base(req.URL) + path
		if u.Path, err = url.PathUnescape(u.RawPath); err != nil {
			return nil, requestError{fmt.Errorf("making the request: %w", err)}
		}
		req.URL = &u
	}
	return req, nil
}
