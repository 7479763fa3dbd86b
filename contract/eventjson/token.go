package eventjson

// The methods of this file read a text without building values. Package jsonschema checks with
// them.

// Failed reports whether an error has happened.
func (d *Decoder) Failed() bool { return d.failure != nil }

// Offset returns how many bytes of the text are consumed.
func (d *Decoder) Offset() int { return d.at }

// From returns the text that is consumed since the Offset begin. It is a part of the data.
func (d *Decoder) From(begin int) []byte { return d.data[begin:d.at] }

// Peek returns the first byte of the next value, and consumes only the white space before it.
// It is 0 at the end of the text and after an error, and for a byte 0, which is no JSON.
func (d *Decoder) Peek() byte { return d.next() }

// Text consumes the next value, which must be a string, and returns the text between its
// quotes. The text is a part of the data. plain reports that it is the string itself: it has no
// escape sequences, and is valid UTF-8.
func (d *Decoder) Text() (text []byte, plain bool) {
	if d.next() != '"' {
		d.syntax()
		return nil, true
	}
	begin := d.at + 1
	end := asciiRun(d.data, begin)
	if end < len(d.data) && d.data[end] == '"' {
		d.at = end + 1
		return d.data[begin:end], true
	}
	t := d.escapedText(begin, end)
	return d.data[t.begin:t.end], t.plain
}

// NameText returns the name of the current member as Text does.
func (d *Decoder) NameText() (text []byte, plain bool) {
	if d.nameEnd >= 0 {
		return d.data[d.nameBegin:d.nameEnd], true
	}
	return d.escapedName()
}

// escapedName is NameText for a name that is not plain.
func (d *Decoder) escapedName() (text []byte, plain bool) {
	again := Decoder{data: d.data, at: d.nameBegin - 1}
	return again.Text()
}

// Number consumes the next value, which must be a number, and returns its text,
// which is a part of the data. It is nil after an error.
func (d *Decoder) Number() []byte {
	d.next()
	return d.number()
}
