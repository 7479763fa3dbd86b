package eventjson

// Skip checks and passes over the next value.
func (d *Decoder) Skip() {
	switch c := d.next(); c {
	case '"':
		d.Text()
	case '{':
		for ok := d.Object(); ok; ok = d.NextMember() {
			d.Skip()
		}
	case '[':
		for ok := d.Array(); ok; ok = d.NextItem() {
			d.Skip()
		}
	case 't':
		d.literal("true")
	case 'f':
		d.literal("false")
	case 'n':
		d.literal("null")
	default:
		if c != '-' && !isDigit(c) {
			d.syntax()
			return
		}
		d.number()
	}
}

// Raw returns the text of the next value, which it has checked. The text is a part of the data:
// a caller that keeps it must copy it. It is nil after an error, and null for null.
func (d *Decoder) Raw() []byte {
	d.next()
	begin := d.at
	if d.Skip(); d.failure != nil {
		return nil
	}
	return d.data[begin:d.at:d.at]
}
