package check

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
)

// errNoPattern is the error for a pattern that ECMA-262 does not define.
var errNoPattern = errors.New("not a regular expression of ECMA-262")

// goPattern translates a pattern of JSON Schema for package regexp. The pattern is one of
// ECMA-262 with the flag u (JSON Schema 2020-12, core, section 6.4). The error names the part
// that Go cannot match.
func goPattern(pattern string) (string, error) {
	t := &translation{rest: pattern}
	for t.rest != "" {
		if err := t.next(); err != nil {
			return "", err
		}
	}
	if _, err := regexp.Compile(t.b.String()); err != nil {
		return "", errors.New("Go's package regexp rejects it: " + strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	return t.b.String(), nil
}

// translated returns the result of goPattern, and whether it succeeded.
func translated(pattern string) (text string, ok bool) {
	text, err := goPattern(pattern)
	return text, err == nil
}

// translation is the state of translating a pattern from ECMA-262 to Go.
type translation struct {
	rest    string
	b       strings.Builder
	inClass bool
}

const (
	lineEnds  = `\n\r\x{2028}\x{2029}`
	spaces    = `\t-\r \x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}`
	notSpaces = `\x00-\x08\x0e-\x1f!-\x{9f}\x{a1}-\x{167f}\x{1681}-\x{1fff}\x{200b}-\x{2027}\x{202a}-\x{202e}\x{2030}-\x{205e}\x{2060}-\x{2fff}\x{3001}-\x{fefe}\x{ff00}-\x{10ffff}`
	anything  = `\x00-\x{10ffff}`
)

// next translates the next element.
func (t *translation) next() error {
	switch {
	case t.rest[0] == '\\':
		return t.escape()
	case t.inClass && t.rest[0] == ']':
		t.inClass = false
		t.take(1)
	case t.inClass && t.rest[0] == '[':
		t.replace(1, `\[`) // Go would read a class such as [:alpha:]
	case t.inClass:
		t.take(1)
	case strings.HasPrefix(t.rest, "[]"):
		t.replace(2, "[^"+anything+"]")
	case strings.HasPrefix(t.rest, "[^]"):
		t.replace(3, "["+anything+"]")
	case t.rest[0] == '[':
		t.inClass = true
		t.take(1)
		if strings.HasPrefix(t.rest, "^") {
			t.take(1)
		}
	case t.rest[0] == '.':
		t.replace(1, "[^"+lineEnds+"]")
	case strings.HasPrefix(t.rest, "(?"):
		return t.group()
	default:
		t.take(1)
	}
	return nil
}

// take copies the next n bytes; replace writes text instead of them.
func (t *translation) take(n int) { t.replace(n, t.rest[:n]) }

func (t *translation) replace(n int, text string) {
	t.b.WriteString(text)
	t.rest = t.rest[n:]
}

var groupName = regexp.MustCompile(`^\(\?<[A-Za-z_]\w*>`)

func (t *translation) group() error {
	switch {
	case strings.HasPrefix(t.rest, "(?:"):
		t.take(3)
		return nil
	case groupName.MatchString(t.rest):
		t.take(len(groupName.FindString(t.rest)))
		return nil
	}
	for _, around := range []string{"(?=", "(?!", "(?<=", "(?<!"} {
		if strings.HasPrefix(t.rest, around) {
			return fmt.Errorf("Go's package regexp has no lookaround, such as %s", around) //nolint:staticcheck // Go is a name
		}
	}
	return fmt.Errorf("%w: %.3s is invalid", errNoPattern, t.rest)
}

var (
	hexEscape     = regexp.MustCompile(`^\\x[0-9A-Fa-f]{2}`)
	unicodeEscape = regexp.MustCompile(`^\\u(?:([0-9A-Fa-f]{4})|\{([0-9A-Fa-f]{1,6})\})`)
	pairEscape    = regexp.MustCompile(`^\\u([Dd][89ABab][0-9A-Fa-f]{2})\\u([Dd][C-Fc-f][0-9A-Fa-f]{2})`)
	controlEscape = regexp.MustCompile(`^\\c[A-Za-z]`)
	nullEscape    = regexp.MustCompile(`^\\0(?:\D|$)`)
	property      = regexp.MustCompile(`^\\[pP]\{(?:(?:General_Category|gc|Script|sc)=)?(\w+)\}`)
)

// escape translates an escape sequence.
func (t *translation) escape() error {
	if len(t.rest) == 1 {
		return errNoPattern
	}
	switch c := t.rest[1]; {
	case strings.IndexByte("dDwWfnrtv", c) >= 0, c < 0x80 && !isWord(c), c == '_':
		t.take(2)
	case c == 's':
		t.class(spaces, notSpaces)
	case c == 'S':
		t.class(notSpaces, spaces)
	case c == 'b' && t.inClass:
		t.replace(2, `\x08`)
	case c == 'b' || c == 'B' && !t.inClass:
		t.take(2)
	case hexEscape.MatchString(t.rest):
		t.take(4)
	case controlEscape.MatchString(t.rest):
		t.replace(3, fmt.Sprintf(`\x%02x`, t.rest[2]%32))
	case nullEscape.MatchString(t.rest):
		t.replace(2, `\x00`)
	case pairEscape.MatchString(t.rest):
		pair := pairEscape.FindStringSubmatch(t.rest)
		t.codePoint(len(pair[0]), utf16.DecodeRune(hex(pair[1]), hex(pair[2])))
	case unicodeEscape.MatchString(t.rest):
		escape := unicodeEscape.FindStringSubmatch(t.rest)
		r := hex(escape[1] + escape[2])
		if utf16.IsSurrogate(r) || r > 0x10ffff {
			return fmt.Errorf("text cannot contain the character %s", escape[0])
		}
		t.codePoint(len(escape[0]), r)
	case property.MatchString(t.rest):
		p := property.FindStringSubmatch(t.rest)
		if unicode.Scripts[p[1]] != nil && !strings.Contains(p[0], "=") {
			return fmt.Errorf("%w: %s must be %.2s{Script=%s}", errNoPattern, p[0], p[0], p[1])
		}
		t.replace(len(p[0]), p[0][:2]+"{"+p[1]+"}")
	case c == 'p' || c == 'P':
		return fmt.Errorf("Go's package regexp does not know %.20s", t.rest) //nolint:staticcheck // Go is a name
	case c >= '1' && c <= '9' || c == 'k':
		return fmt.Errorf("Go's package regexp has no references to groups, such as %.2s", t.rest) //nolint:staticcheck // Go is a name
	default:
		return fmt.Errorf("%w: %.2s is invalid", errNoPattern, t.rest)
	}
	return nil
}

// class translates an escape of two bytes that names a class. inside lists the characters of
// the class, outside all others.
func (t *translation) class(inside, outside string) {
	if t.inClass {
		t.replace(2, inside)
		return
	}
	if len(outside) < len(inside) {
		t.replace(2, "[^"+outside+"]")
		return
	}
	t.replace(2, "["+inside+"]")
}

func (t *translation) codePoint(n int, r rune) { t.replace(n, fmt.Sprintf(`\x{%x}`, r)) }

func hex(digits string) rune {
	r, _ := strconv.ParseInt(digits, 16, 32) // at most six hexadecimal digits
	return rune(r)
}

func isWord(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}
