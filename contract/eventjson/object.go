package eventjson

// Object begins to read an object and reports whether it has a member. If so, it reads the
// first one's name, and the caller must read the value and call [Decoder.NextMember]. null has
// no members.
func (d *Decoder) Object() bool {
	if d.next() != '{' {
		return d.notA("object")
	}
	if d.enter(); d.next() == '}' {
		d.leave()
		return false
	}
	return d.member()
}

// NextMember reads the name of the next member of an object, whose previous value is read, and
// reports whether there is one.
func (d *Decoder) NextMember() bool {
	switch d.next() {
	case ',':
		d.at++
		return d.member()
	case '}':
		d.leave()
		return false
	}
	d.syntax()
	return false
}

// Name returns the name of the current member, unescaped. It is valid until the next call of
// a method.
func (d *Decoder) Name() []byte {
	if d.nameEnd < 0 {
		return []byte(d.name)
	}
	return d.data[d.nameBegin:d.nameEnd]
}

// member reads a name and the colon.
func (d *Decoder) member() bool {
	if d.next() != '"' {
		d.syntax()
		return false
	}
	t := d.text()
	if d.nameBegin, d.nameEnd = t.begin, t.end; !t.plain {
		d.name, d.nameEnd = d.unescape(t), -1
	}
	if d.next() != ':' {
		d.syntax()
		return false
	}
	d.at++
	return true
}

// enter consumes the bracket that opens an object or an array.
func (d *Decoder) enter() {
	d.at++
	if d.depth++; d.depth > maxDepth {
		d.syntax()
	}
}

// leave consumes the bracket that closes an object or an array.
func (d *Decoder) leave() {
	d.at++
	d.depth--
}

// notA consumes null instead of an object or an array; any other value is an error.
func (d *Decoder) notA(want string) bool {
	if !d.Null() {
		d.mismatch(want)
	}
	return false
}
