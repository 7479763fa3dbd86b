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

// Name returns the name of the current member, unescaped. It may be a part of the data, and is
// valid until the next call of a method.
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
	begin := d.at + 1
	end := asciiRun(d.data, begin)
	if d.nameBegin, d.nameEnd = begin, end; end < len(d.data) && d.data[end] == '"' {
		d.at = end + 1
	} else {
		d.escapedMember(begin, end)
	}
	if d.next() != ':' {
		d.syntax()
		return false
	}
	d.at++
	return true
}

// escapedMember reads a name of which the bytes from begin to i are plain.
func (d *Decoder) escapedMember(begin, i int) {
	t := d.escapedText(begin, i)
	if d.nameBegin, d.nameEnd = t.begin, t.end; !t.plain {
		d.name, d.nameEnd = d.unescape(t), -1
	}
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
