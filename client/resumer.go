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
}

// resumeParam is a parameter of the resuming request.
type resumeParam struct {
	contract.ResumeParam
	contract.Expression

	value  string // of an expression of data
	known  bool   // there was one
	latest bool   // it came with the last event
	missed bool   // the last event may have had another one, and was too large to be read
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
	filled := map[string]bool{}
	for _, p := range op.Resume.Params {
		expression, err := contract.ParseExpression(p.From)
		if err == nil && expression.PathParam != "" && !slices.Contains(r.first.Params(), expression.PathParam) {
			err = fmt.Errorf("the path of the operation has no parameter %s", expression.PathParam)
		}
		if err == nil && p.In == "path" && !slices.Contains(r.then.Params(), p.Name) {
			err = errors.New("the path has no such parameter")
		}
		if err == nil && !slices.Contains([]string{"path", "query", "header", "cookie"}, p.In) {
			err = fmt.Errorf("there are no parameters in %q", p.In)
		}
		if err != nil {
			return nil, fmt.Errorf("client: operation %s: the parameter %s of the request that resumes it: %w", excerpt.Quote(op.ID), excerpt.Quote(p.Name), err)
		}
		filled[p.Name] = filled[p.Name] || p.In == "path"
		r.params = append(r.params, resumeParam{ResumeParam: p, Expression: expression})
	}
	for _, name := range r.then.Params() {
		if r.Path != "" && !filled[name] {
			return nil, fmt.Errorf("client: operation %s: the parameter %s in the path of the request that resumes it has no value", excerpt.Quote(op.ID), excerpt.Quote(name))
		}
	}
	return r, nil
}

// learn takes down the values in the data of an event; nil: it was too large to be read.
func (r *resumer) learn(data []byte) {
	r.begun = true
	for i := range r.params {
		p := &r.params[i]
		if !p.InData {
			continue
		}
		if data == nil {
			p.missed = p.missed || p.latest
			continue
		}
		value := scalarAt(data, p.Pointer)
		if p.latest = value != nil; !p.latest {
			continue
		}
		p.known, p.missed = true, false
		if p.value != string(value) { // which copies nothing
			p.value = string(value)
		}
	}
}

// missing returns why the request cannot be made yet; empty if it can.
func (r *resumer) missing(lastEventID string) string {
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

// tellsPosition reports whether a parameter says where the stream goes on. What the data of
// an event has for the path is the name of something.
func (r *resumer) tellsPosition() bool {
	return slices.ContainsFunc(r.params, func(p resumeParam) bool { return p.EventID || p.InData && p.In != "path" })
}

// began takes the parameters in the path from a request that begins the stream.
func (r *resumer) began(req *http.Request) error {
	values, ok := r.first.Match(req.URL)
	if !ok {
		return requestError{errors.New("making the request: its path is not the one of the operation, and the request that resumes it is made of that")}
	}
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
	}
	return req, nil
}

// bare returns the request without the parameters that are not in the path.
func (r *resumer) bare(ctx context.Context, baseURL, path string, again func() (*http.Request, error)) (*http.Request, error) {
	if r.Path != "" {
		req, err := http.NewRequestWithContext(ctx, r.Method, strings.TrimSuffix(contract.BaseURL(baseURL), "/")+path, nil)
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

// set sets the parameter in a request, in the place of one that is there. The path is set
// before.
func (p *resumeParam) set(req *http.Request, value string) error {
	switch p.In {
	case "query":
		req.URL.RawQuery = withQuery(req.URL.RawQuery, p.Name, value)
	case "header":
		if !isToken(p.Name) || !legalID(value) {
			return p.illegal(value)
		}
		req.Header.Set(p.Name, value)
	case "cookie":
		cookie := &http.Cookie{Name: p.Name, Value: value} //nolint:gosec // of a request, which has no attributes
		if cookie.Valid() != nil {
			return p.illegal(value)
		}
		others := req.Cookies()
		req.Header.Del("Cookie")
		for _, other := range others {
			if other.Name != p.Name {
				req.AddCookie(other)
			}
		}
		req.AddCookie(cookie)
	}
	return nil
}

func (p *resumeParam) illegal(value string) error {
	return requestError{fmt.Errorf("making the request: %s parameter %s: it cannot be %s", p.In, p.Name, excerpt.Quote(value))}
}

// withQuery returns a query with one value for a parameter, in the place of those that it
// has. It leaves the rest as it is written.
func withQuery(query, name, value string) string {
	var parts []string
	for part := range strings.SplitSeq(query, "&") {
		key, _, _ := strings.Cut(part, "=")
		if plain, err := url.QueryUnescape(key); part != "" && (err != nil || plain != name) {
			parts = append(parts, part)
		}
	}
	return strings.Join(append(parts, url.QueryEscape(name)+"="+url.QueryEscape(value)), "&")
}
