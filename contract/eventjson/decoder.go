package eventjson

// maxDepth is how many objects and arrays may contain each other. encoding/json has the same
// limit.
const maxDepth = 10_000

// Decoder reads one JSON text, value by value, from its beginning to its end. It is a plain
// value: create it with [NewDecoder], keep it in a variable and call its methods, which do not
// make it escape to the heap. Do not copy a Decoder that is in use. It is not safe for
// concurrent use.
//
// Every method that returns a value consumes exactly one. After the first error, each method
// returns zero or false, and [Decoder.Finish] returns the error.
type Decoder struct {
	data  []byte
	at    int // the next byte to read; len(data) after an error, so that nothing more is read
	depth int // how many objects and arrays are open

	spaced bool // there was white space

	// The name of the current member is data[nameBegin:nameEnd], or name if nameEnd is -1.
	nameBegin, nameEnd int
	name               string

	failure *failure
}

// NewDecoder returns a Decoder of data, which must not change while the Decoder is in use. Only
// the methods whose comments say so return a part of data.
func NewDecoder(data []byte) Decoder { return Decoder{data: data} }

// Finish returns the first error, an *[Error]. Anything but white space after the value is
// one.
func (d *Decoder) Finish() error {
	if d.next(); d.failure == nil {
		if d.at == len(d.data) && d.depth == 0 {
			return nil
		}
		d.syntax()
	}
	return d.failure.explain(d.data)
}

// next returns the next byte that is not white space, and does not consume it. It returns 0 at
// the end of the text.
func (d *Decoder) next() byte {
	if d.at < len(d.data) {
		if c := d.data[d.at]; c > ' ' {
			return c
		}
	}
	return d.space()
}

// space is the part of next that is rarely needed.
func (d *Decoder) space() byte {
	for ; d.at < len(d.data); d.at++ {
		switch c := d.data[d.at]; c {
		case ' ', '\t', '\n', '\r':
			d.spaced = true
		default:
			return c
		}
	}
	return 0
}

// fail keeps the first error and ends the reading.
func (d *Decoder) fail(f failure) {
	if d.failure == nil {
		d.failure = &f
	}
	d.at = len(d.data)
	d.nameBegin, d.nameEnd = 0, 0
}

// syntax reports that the text is not JSON.
//
//go:noinline
func (d *Decoder) syntax() { d.fail(failure{syntax: true}) }

// mismatch reports that the next value is not of the JSON type want.
func (d *Decoder) mismatch(want string) {
	c := d.next()
	at := d.at
	if d.Skip(); d.failure == nil {
		d.fail(failure{at: at, reason: misfit(want, typeOf(c))})
	}
}

// typeOf returns the type of a value that begins with c and is not null, in the words of
// encoding/json.
func typeOf(c byte) string {
	switch c {
	case '{':
		return "object"
	case '[':
		return "array"
	case '"':
		return "string"
	case 't', 'f':
		return "bool"
	}
	return "number"
}
