package eventjson

import (
	"strconv"
	"strings"
)

// step is an object or an array on the way to a value.
type step struct {
	array bool
	index int    // of the current item of an array
	named bool   // an object has a current member
	name  []byte // of the current member
}

// pathOf returns the path of the value that begins at an offset of a text, as a JSON Pointer
// (RFC 6901). The text is JSON up to there, and may end there. Where a name or a bracket
// stands, it returns the path of the object or the array around it.
func pathOf(text []byte, at int) string {
	var open []step
	d := NewDecoder(text)
	for {
		c := d.next()
		if d.at >= at {
			return pointer(open)
		}
		top := len(open) - 1
		switch c {
		case '{', '[':
			open = append(open, step{array: c == '['})
			d.at++
			top++
		case '}', ']':
			open = open[:max(top, 0)]
			d.at++
			continue
		case ',':
			if d.at++; top < 0 {
				continue
			}
			open[top].index++
			open[top].named = false
		default:
			d.Skip()
			continue
		}
		if !open[top].array && d.next() == '"' && d.at < at && d.member() {
			open[top].name, open[top].named = d.Name(), true
		}
	}
}

// pointer returns the JSON Pointer of the current value.
func pointer(open []step) string {
	var b strings.Builder
	for _, s := range open {
		if s.array {
			b.WriteString("/" + strconv.Itoa(s.index))
		} else if s.named {
			b.WriteString(PointerTo(string(s.name)))
		}
	}
	return b.String()
}

var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")

// PointerTo returns the JSON Pointer of the member called name (RFC 6901), which may be a part of
// a longer one.
func PointerTo(name string) string { return "/" + pointerEscapes.Replace(name) }
