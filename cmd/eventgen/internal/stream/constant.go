package stream

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/jsonschema"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/source"
)

// A constant is a text such as "[DONE]" that the schema of a stream allows beside JSON data.
// It is not an event, because nothing in it names one.

// readConstants treats the only constant as the end of the stream if it is a mark and no end
// is set. It warns of this and of all other constants.
func (s *Stream) readConstants(p *source.Problems) {
	texts := slices.Compact(slices.Sorted(slices.Values(s.constants)))
	texts = slices.DeleteFunc(texts, func(text string) bool { return text == s.End.Data })
	if len(texts) == 1 && s.End.Data == "" && isMark(texts[0]) {
		s.End.Data = texts[0]
		p.Warn(s.Where, "the text %q among JSON data is treated as the end of the stream: to confirm this, add %s: {end: {data: %q}}", texts[0], ExtensionName, texts[0])
		return
	}
	for _, text := range texts {
		p.Warn(s.Where, "the text %q among JSON data is ignored: a reader cannot tell which event it is", text)
	}
}

// constantOf returns the only string that data can be. It returns false for any other data.
func constantOf(ref *openapi3.SchemaRef) (string, bool) {
	if ref == nil {
		return "", false
	}
	values, _ := jsonschema.BoundTo([]*openapi3.SchemaRef{ref})
	if len(values) != 1 {
		return "", false
	}
	text, ok := values[0].(string)
	return text, ok
}

// constant returns the only string that the branch describes.
func (b *branch) constant() (string, bool) { return constantOf(b.ref) }

// withoutConstants separates the branches that are constants, and returns the others and the
// texts.
func withoutConstants(all []*branch) (rest []*branch, texts []string) {
	for _, b := range all {
		if text, ok := b.constant(); ok {
			texts = append(texts, text)
		} else {
			rest = append(rest, b)
		}
	}
	return rest, texts
}

// isMark reports whether a text is a mark such as "[DONE]". A word may instead be one value of
// an enumeration in JSON.
func isMark(text string) bool {
	first, _ := utf8.DecodeRuneInString(text)
	return text != "" && !unicode.IsLetter(first) && !unicode.IsDigit(first) && !strings.ContainsAny(text, "\r\n")
}
