package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/internal/excerpt"
	"github.com/mixstream/mixstream/internal/pathtemplate"
)

// resumer makes the requests by which a stream goes on after a cut, where its contract has a
// way of its own (contract.Resume).
type resumer struct {
	contract.Resume
	params []resumeParam
	first  pathtemplate.Template // the path of the operation that begins the stream
	then   pathtemplate.Template // the path of the one that resumes it
	inPath map[string]string     // the parameters in the path of the first request
	begun  bool                  // an event came that is not the server's own word

	ambiguous bool // other values than inPath make that path as well
}

// resumerOf returns the resumer of an operation, nil if it has no Resume.
func resumerOf[P, E any](op contract.Operation[P, E]) (*resumer, error) {
	if op.Resume == nil {
		return nil, nil //nolint:nilnil // there is none
	}
	r := &resumer{Resume: *op.Resume, first: pathtemplate.Compile(op.Path)}
	r.then = r.first
	if r.Path != "" {
		r.then = pathtemplate.Compile(r.Path)
	}
	if err := r.prepare(op.Method); err != nil {
		return nil, fmt.Errorf("client: operation %s: the request that resumes it: %w", excerpt.Quote(op.ID), err)
	}
	return r, nil
}

// prepare reads the parameters, and refuses a request that cannot be made. method is that of the
// operation.
func (r *resumer) prepare(method string) error {
	isOther := r.Path != ""
	switch {
	case !isOther && !isSafe(method):
		return fmt.Errorf("it is that of the operation itself, whose method is %s: the client repeats it, so name another one, with a safe method", method)
	case isOther && !isSafe(r.Method):
		return fmt.Errorf("its method is %s: the client repeats it, so its method must be safe", r.Method)
	case isOther && r.Path[0] != '/':
		return fmt.Errorf("its path %s must begin with a slash", excerpt.Quote(r.Path))
	}
	inPath := map[string]bool{}
	for _, param := range r.Resume.Params {
		p := resumeParam{ResumeParam: param}
		if err := p.prepare(r.first, r.then); err != nil {
			return fmt.Errorf("its parameter %s: %w", excerpt.Quote(p.Name), err)
		}
		inPath[p.Name] = inPath[p.Name] || p.In == "path"
		r.params = append(r.params, p)
	}
	for _, name := range r.then.Params() {
		if isOther && !inPath[name] {
			return fmt.Errorf("its parameter %s, in the path, has no value", excerpt.Quote(name))
		}
	}
	return nil
}

// learn takes down the values in the data of an event; nil: it was too large to be read. It
// reports whether the stream has got to another position by them.
func (r *resumer) learn(data []byte) (moved bool) {
	r.begun = true
	for i := range r.params {
		moved = r.params[i].learn(data) || moved
	}
	return moved
}

// missing returns why the request cannot be made yet; empty if it can.
func (r *resumer) missing(lastEventID string) string {
	if r.ambiguous {
		return "several values of its parameters make the path of the first request, and the one that resumes it is made of them"
	}
	for i := range r.params {
		switch p := &r.params[i]; {
		case p.EventID && lastEventID == "":
			return fmt.Sprintf("no event had an id, of which the parameter %s is made", p.Name)
		case p.InData && !p.known:
			return fmt.Sprintf("no event had a value at %s, of which the parameter %s is made", p.From, p.Name)
		case p.missed:
			return fmt.Sprintf("the last event was too large to be read, and the parameter %s is made of its value at %s", p.Name, p.From)
		}
	}
	return ""
}

// tellsPosition reports whether a parameter says where the stream goes on.
func (r *resumer) tellsPosition() bool {
	return slices.ContainsFunc(r.params, func(p resumeParam) bool { return p.tellsPosition() })
}

// needsPath reports whether the request that resumes is made of the path of the first one.
func (r *resumer) needsPath() bool {
	return slices.ContainsFunc(r.params, func(p resumeParam) bool { return p.PathParam != "" || p.In == "path" && r.Path == "" })
}

// began takes the parameters in the path from a request that begins the stream.
func (r *resumer) began(req *http.Request) error {
	if !r.needsPath() {
		return nil
	}
	values, ok := r.first.Match(req.URL)
	if !ok {
		return requestError{errors.New("making the request: its path is not the one of the operation, and the request that resumes it is made of that")}
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
	case p.EventID:
		return lastEventID
	case p.InData:
		return p.value
	case p.PathParam != "":
		return r.inPath[p.PathParam]
	}
	return p.Constant
}

// request returns the request that resumes the stream. again makes the first one anew.
func (r *resumer) request(ctx context.Context, baseURL, lastEventID string, again func() (*http.Request, error)) (*http.Request, error) {
	inPath := map[string]string{}
	if r.Path == "" {
		for name, value := range r.inPath {
			inPath[name] = value
		}
	}
	for i := range r.params {
		p := &r.params[i]
		if p.In != "path" {
			continue
		}
		value := r.text(p, lastEventID)
		if value == "" || value == "." || value == ".." {
			return nil, p.illegal(value)
		}
		inPath[p.Name] = value
	}
	path := r.then.Fill(func(name string) string { return inPath[name] })
	req, err := r.bare(ctx, baseURL, path, again)
	if err != nil {
		return nil, err
	}
	for i := range r.params {
		p := &r.params[i]
		if err := p.set(req, r.text(p, lastEventID)); err != nil {
			return nil, err
		}
		if p.tellsPosition() && p.In != "query" {
			req = req.WithContext(context.WithValue(req.Context(), positionHeader{}, p.In+" parameter "+excerpt.Quote(p.Name)))
		}
	}
	return req, nil
}

// bare returns the request without the parameters that are not in the path.
func (r *resumer) bare(ctx context.Context, baseURL, path string, again func() (*http.Request, error)) (*http.Request, error) {
	if r.Path != "" {
		req, err := http.NewRequestWithContext(ctx, r.Method, strings.TrimSuffix(contract.BaseURL(baseURL), "/")+path, http.NoBody) // which a request editor can read
		if err != nil {
			return nil, requestError{fmt.Errorf("making the request: %w", err)}
		}
		return req, nil
	}
	req, err := again()
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(r.params, func(p resumeParam) bool { return p.In == "path" }) {
		u := *req.URL
		u.RawPath = r.then.Base(req.URL) + path
		if u.Path, err = url.PathUnescape(u.RawPath); err != nil {
			return nil, requestError{fmt.Errorf("making the request: %w", err)}
		}
		req.URL = &u
	}
	return req, nil
}
