package eventjson

// Null consumes null and returns true. It consumes no other value.
func (d *Decoder) Null() bool { return d.next() == 'n' && d.literal("null") }

// Bool returns the next value, which must be true, false or null. null is false.
func (d *Decoder) Bool() bool {
	switch d.next() {
	case 't':
		return d.literal("true")
	case 'f':
		d.literal("false")
	case 'n':
		d.literal("null")
	default:
		d.mismatch("boolean")
	}
	return false
}

// literal consumes a word. It reports whether the word stands there; if not, the text is not
// JSON.
func (d *Decoder) literal(word string) bool {
	end := d.at + len(word)
	if end > len(d.data) || string(d.data[d.at:end]) != word {
		d.syntax()
		return false
	}
	d.at = end
	return true
}
