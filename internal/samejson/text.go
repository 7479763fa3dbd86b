package samejson

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/mixstream/mixstream/contract"
)

// Text returns a text that is the data of an event, or nearly so.
func Text[P, E any](op contract.Operation[P, E], name string, r *rand.Rand) []byte {
	_, data, err := value(op, name)
	if err != nil {
		return []byte("null")
	}
	f := &filler{r: r, valid: true}
	f.fill(data.Elem(), 0)
	text, err := json.Marshal(data.Interface())
	if err != nil {
		return []byte("null") // a type that does not encode what it decodes
	}
	for range r.IntN(4) {
		text = change(text, r)
	}
	return text
}

// others are values in place of others.
var others = []string{
	"null", "true", "false", "0", "-0", "1", "1.0", "100e-2", "1e2", "1.5", "-1", "0e999999999", "1e999999999", "127", "128", "32768", "2147483648", "4294967296",
	"9223372036854775807", "9223372036854775808", "-9223372036854775808", "18446744073709551615", "18446744073709551616", "1e400", "3.5e38", "1e-400", "16777217", "1234567890123456789",
	`""`, `"a"`, `"\ud800"`, `"\ud83d\ude00"`, `"\u0000"`, "\"\xff\"", `"\/"`, `"2026-01-02"`, "[]", "{}", "[null]", "[[1]]", `{"a":1,"a":"b"}`, `{"type":null}`, "[1,]", "{,}", "01", "1.", "+1", "nul", `"\x"`, "\"\n\"", " 1 ", "",
}

// change changes one thing in a text.
func change(text []byte, r *rand.Rand) []byte {
	tokens := scan(text)
	if len(tokens) == 0 || r.IntN(6) == 0 {
		at := r.IntN(len(text) + 1)
		switch with := "{}[]:,\"\\ \t\x00\xff0123456789-+.eEnulltrfasu"; r.IntN(3) {
		case 0:
			return slices.Insert(slices.Clone(text), at, with[r.IntN(len(with))])
		case 1:
			return slices.Concat(text[:at], text[min(len(text), at+1):])
		default:
			return text[:at]
		}
	}
	token := tokens[r.IntN(len(tokens))]
	old := string(text[token.begin:token.end])
	with := others[r.IntN(len(others))]
	if (old[0] == '[' || old[0] == '{') && r.IntN(4) == 0 {
		with = old[:1] + old[len(old)-1:] // it is empty
	}
	if token.isName {
		switch r.IntN(4) {
		case 0:
			with = old + ":" + with + "," + old // it comes twice
		case 1:
			with = strings.ToUpper(old)
		case 2:
			with = escaped(old, r)
		default:
			with = `"another"`
		}
	}
	return slices.Concat(text[:token.begin], []byte(with), text[token.end:])
}

// escaped returns a string in which one letter is escaped.
func escaped(text string, r *rand.Rand) string {
	at := r.IntN(len(text))
	if c := text[at]; c >= 'a' && c <= 'z' && !strings.Contains(text, `\`) {
		return text[:at] + fmt.Sprintf(`\u%04x`, c) + text[at+1:]
	}
	return text
}

// token is a name or a value in a JSON text.
type token struct {
	begin, end int
	isName     bool
}

// scan returns the names and the values of a text.
func scan(text []byte) (all []token) {
	var open []int
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			begin := i
			for i++; i < len(text) && text[i] != '"'; i++ {
				if text[i] == '\\' {
					i++
				}
			}
			end := min(i+1, len(text))
			all = append(all, token{begin, end, end < len(text) && text[end] == ':'})
		case c == '{', c == '[':
			open = append(open, i)
		case (c == '}' || c == ']') && len(open) > 0:
			all = append(all, token{open[len(open)-1], i + 1, false})
			open = open[:len(open)-1]
		case c == '-', c >= '0' && c <= '9', c >= 'a' && c <= 'z':
			begin := i
			for i < len(text) && !strings.ContainsRune(",:]} \"", rune(text[i])) {
				i++
			}
			all = append(all, token{begin, i, false})
			i--
		}
	}
	return all
}
