package eventjson

// Raw writes a JSON text without the white space around its values. nil is null. A text that
// is not JSON is an error.
func (e *Encoder) Raw(text []byte) {
	if text == nil {
		e.Null()
	} else if err := e.compact(text); err != nil {
		e.refuse(err)
	}
}

// compact writes a JSON text, unless it is wrong.
func (e *Encoder) compact(text []byte) *Error {
	d := NewDecoder(text)
	d.depth = e.depth
	d.Skip()
	if d.next(); d.failure != nil || d.at < len(text) {
		return notJSON(text, tooDeep)
	}
	if d.spaced {
		e.b = appendCompact(e.b, text)
	} else {
		e.b = append(e.b, text...)
	}
	e.b = append(e.b, ',')
	return nil
}

// appendCompact appends a JSON text without the white space around its values.
func appendCompact(b, text []byte) []byte {
	d := NewDecoder(text)
	begin := 0
	for d.at < len(text) {
		switch d.data[d.at] {
		case '"':
			d.Text()
		case ' ', '\t', '\n', '\r':
			b = append(b, text[begin:d.at]...)
			d.next()
			begin = d.at
		default:
			d.at++
		}
	}
	return append(b, text[begin:]...)
}
