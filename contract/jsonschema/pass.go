package jsonschema

import (
	"strconv"

	"github.com/mixstream/mixstream/contract/eventjson"
	"github.com/mixstream/mixstream/internal/excerpt"
)

// pass checks a text in one pass, by nodes. Its methods return false for a value that does not
// fit, and at once: the text behind it is then not read. They also return false for a value
// that only the tree decides. A text that is not JSON is an error of d.
//
// A pass allocates nothing for what texts usually have.
type pass struct {
	d   eventjson.Decoder
	all Schemas

	names  *names   // of the members that no node knows, in the open objects; nil: none yet
	named  int      // of names
	flaw   string   // why the text is not well formed although it is JSON; empty: it is, as far as it is read
	within []string // the names of the values around the flaw, the innermost first
}

func (p *pass) value(n *node) bool {
	for n.other != nil && p.d.Peek() != 'n' {
		n = n.other
	}
	if n.tree != nil || n.codec != nil {
		return p.whole(n)
	}
	return p.parts(n)
}

// whole checks a value that something else must see as a whole.
func (p *pass) whole(n *node) bool {
	null := p.d.Peek() == 'n'
	begin := p.d.Offset()
	if !p.parts(n) || p.d.Failed() {
		return false
	}
	data := p.d.From(begin)
	if n.tree != nil && (&checker{all: p.all}).check(n.tree, parse(data), nil) != nil {
		return false
	}
	return n.codec == nil || null && n.codec.pointer || n.codec.accepts(data)
}

func (p *pass) parts(n *node) bool {
	switch p.d.Peek() {
	case '"':
		if n.kinds&isText == 0 {
			return false
		}
		text, plain := p.d.Text()
		return n.texts == nil && plain || p.text(n.texts, text, plain)
	case '{':
		return n.kinds&isObject != 0 && p.object(n.objects)
	case '[':
		return n.kinds&isArray != 0 && p.list(n.lists)
	case 't':
		return p.d.Bool() && n.kinds&isTrue != 0
	case 'f':
		return !p.d.Bool() && n.kinds&isFalse != 0
	case 'n':
		return p.d.Null() && n.kinds&isNull != 0
	default:
		number := p.d.Number()
		return n.kinds&isNumber != 0 && (n.numbers == nil || n.numbers.fit(number))
	}
}

func (p *pass) list(l *lists) bool {
	count := uint64(0)
	for ok := p.d.Array(); ok; ok = p.d.NextItem() {
		n := l.rest
		if count < uint64(len(l.prefix)) {
			n = l.prefix[count]
		}
		if !p.value(n) {
			return p.flawIn(strconv.FormatUint(count, 10))
		}
		count++
	}
	return l.least <= count && count <= l.most
}

// twice notes that a member comes twice.
func (p *pass) twice(name []byte) bool {
	p.flaw = "the member " + excerpt.Quote(string(name)) + " must come only once"
	return false
}

// flawIn notes that a flaw, if there is one, is within the value called key.
func (p *pass) flawIn(key string) bool {
	if p.flaw != "" {
		p.within = append(p.within, key)
	}
	return false
}
