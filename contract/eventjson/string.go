package eventjson

import "unicode/utf8"

// String returns the next value, which must be a string or null. null is the empty string.
func (d *Decoder) String() string {
	if d.next() != '"' {
		d.notString()
		return ""
	}
	begin := d.at + 1
	end := asciiRun(d.data, begin)
	if end == len(d.data) || d.data[end] != '"' {
		return d.unescape(d.escapedText(begin, end))
	}
	d.at = end + 1
	return string(d.data[begin:end])
}

// Const is [Decoder.String]. It returns s itself, and allocates nothing, if the value is equal.
func (d *Decoder) Const(s string) string {
	if d.next() != '"' {
		d.notString()
		return ""
	}
	begin := d.at + 1
	end := asciiRun(d.data, begin)
	if end == len(d.data) || d.data[end] != '"' {
		return d.unescape(d.escapedText(begin, end))
	}
	d.at = end + 1
	if text := d.data[begin:end]; string(text) != s {
		return string(text)
	}
	return s
}

// notString consumes null; any other value is an error.
func (d *Decoder) notString() {
	if !d.Null() {
		d.mismatch("string")
	}
}

// text is where a string stands in the text, without the quotes.
type text struct {
	begin, end int
	plain      bool // the bytes are the string: nothing is escaped, all is UTF-8
	utf8       bool
	saved      int // unescaping makes the string at least so many bytes shorter, if all is UTF-8
}

// escapedText consumes a string of which the bytes from begin to i are plain, and need no closer
// look. After an error it returns an empty one.
//
// Its callers read a string without an escape sequence themselves, by asciiRun: a call more for
// every string is a tenth of the time of a decoding.
func (d *Decoder) escapedText(begin, i int) text {
	t := text{begin: begin, utf8: true}
	for {
		end, ascii := textRun(d.data, i)
		t.utf8 = t.utf8 && ascii
		if end == len(d.data) {
			break
		}
		if d.data[end] == '"' {
			t.end, d.at = end, end+1
			t.utf8 = t.utf8 || utf8.Valid(d.data[begin:end])
			t.plain = t.utf8 && t.saved == 0
			return t
		}
		length, saved := escape(d.data[end:])
		if length == 0 {
			break
		}
		i = end + length
		t.saved += saved
	}
	d.syntax()
	return text{plain: true}
}
