package eventjson

// Array begins to read an array and reports whether it has an item. If so, the caller must
// read the item and call [Decoder.NextItem]. null has no items.
func (d *Decoder) Array() bool {
	if d.next() != '[' {
		return d.notA("array")
	}
	if d.enter(); d.next() == ']' {
		d.leave()
		return false
	}
	return d.failure == nil
}

// NextItem reports whether an array, whose previous item is read, has another one.
func (d *Decoder) NextItem() bool {
	switch d.next() {
	case ',':
		d.at++
		return true
	case ']':
		d.leave()
		return false
	}
	d.syntax()
	return false
}
