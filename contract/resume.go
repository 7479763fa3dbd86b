package contract

import (
	"fmt"
	"strings"
)

// Resume says how a stream goes on after a cut, where the request that began it does not do
// so with Last-Event-ID: an answer is begun by POST and resumed by GET, or the position is
// a parameter.
type Resume struct {
	// Operation is the operationId of the operation that resumes. Method and Path are
	// its own. An empty Path says that it is the operation itself: its request is made
	// anew, and Params replace parameters of it. The client repeats the request, so its
	// method must be safe, such as GET.
	Operation, Method, Path string
	// Params are the parameters of that request. Each parameter of Path is among them.
	Params []ResumeParam
}

// ResumeParam is a parameter of a request that resumes.
type ResumeParam struct {
	In, Name string // path, query, header or cookie, and the name there
	From     string // where its value comes from, as ParseExpression reads it
}

// Expression says where a value of a request that resumes comes from. One of its fields is
// set; with none, the value is the empty string.
type Expression struct {
	Constant  string
	EventID   bool     // the last event id
	InData    bool     // the last value at Pointer in the data of an event
	Pointer   []string // the tokens of a JSON pointer (RFC 6901), unescaped; empty: the whole data
	PathParam string   // a parameter in the path of the first request
}

const (
	eventID     = "$event.id"
	eventData   = "$event.data"
	requestPath = "$request.path."
)

// ParseExpression parses an expression in the manner of OpenAPI's runtime expressions
// (OpenAPI 3.1.0, section 4.8.20.4):
//
//   - $event.id is the last event id;
//   - $event.data#/answer/id is the last string, number or boolean that the data of an
//     event had at that JSON pointer, and $event.data that which was the data;
//   - $request.path.NAME is a parameter in the path of the first request.
//
// All else is a constant. A constant cannot begin with "$".
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
		return Expression{}, fmt.Errorf("malformed expression %q: an expression is %s, %s#/json/pointer or %sNAME, and a constant does not begin with $", from, eventID, eventData, requestPath)
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
