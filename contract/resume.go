package contract

import (
	"fmt"
	"strings"
)

// Resume describes how a stream continues after a disconnect, where repeating the first
// request with Last-Event-ID does not do it. Examples: an answer begins by POST and resumes by
// GET; the position is a parameter.
type Resume struct {
	// Operation is the operationId of the operation that resumes, Method and Path belong to
	// it. An empty Path means that the operation resumes itself: the client repeats its
	// request with Params replaced. The method must therefore be safe, such as GET.
	Operation, Method, Path string
	// Params are the parameters of that request, including each parameter of Path.
	Params []ResumeParam
}

// ResumeParam is a parameter of a request that resumes.
type ResumeParam struct {
	In, Name string // path, query, header or cookie, and the parameter's name
	From     string // the source of its value, in the syntax of ParseExpression
}

// Expression is the source of a value in a request that resumes. At most one of its fields is
// set; with none, the value is the empty string.
type Expression struct {
	Constant  string
	EventID   bool     // the last event id
	InData    bool     // the value at Pointer in the data of the last event that has it
	Pointer   []string // the tokens of a JSON pointer (RFC 6901), unescaped; empty: the whole data
	PathParam string   // a parameter in the path of the first request
}

const (
	eventID     = "$event.id"
	eventData   = "$event.data"
	requestPath = "$request.path."
)

// ParseExpression parses an expression in the style of OpenAPI's runtime expressions (OpenAPI
// 3.1.0, section 4.8.20.4):
//
//   - $event.id is the last event id.
//   - $event.data#/answer/id is the string, number or boolean at that JSON pointer in
//     the last event whose data has one; $event.data is the whole data.
//   - $request.path.NAME is a parameter in the path of the first request.
//
// Anything else is a constant. A constant cannot begin with "$".
func ParseExpression(from string) (Expression, error) {
	pointer, inData := strings.CutPrefix(from, eventData)
	param, inPath := strings.CutPrefix(from, requestPath)
	switch {
	case from == eventID:
		return Expression{EventID: true}, nil
	case inData && (pointer == "" || pointer[0] == '#'):
		tokens, err := parsePointer(strings.TrimPrefix(pointer, "#"))
		if err != nil {
			return Expression{}, fmt.Errorf("malformed expression %q: %w", from, err)
		}
		return Expression{InData: true, Pointer: tokens}, nil
	case inPath && param != "":
		return Expression{PathParam: param}, nil
	case strings.HasPrefix(from, "$"):
		return Expression{}, fmt.Errorf("malformed expression %q: an expression is %s, %s#/json/pointer or %sNAME, and a constant cannot begin with $", from, eventID, eventData, requestPath)
	}
	return Expression{Constant: from}, nil
}

// parsePointer returns the tokens of a JSON pointer (RFC 6901, section 3).
func parsePointer(pointer string) (tokens []string, err error) {
	if pointer == "" {
		return nil, nil
	}
	if pointer[0] != '/' {
		return nil, fmt.Errorf("the JSON pointer %q does not begin with /", pointer)
	}
	for token := range strings.SplitSeq(pointer[1:], "/") {
		rest := strings.NewReplacer("~0", "", "~1", "").Replace(token)
		if strings.Contains(rest, "~") {
			return nil, fmt.Errorf("the JSON pointer %q has a ~ that is neither ~0 nor ~1", pointer)
		}
		tokens = append(tokens, strings.NewReplacer("~1", "/", "~0", "~").Replace(token))
	}
	return tokens, nil
}
