package jsonschema

func (p *pass) object(o *objects) bool {
	var few [4]uint64
	seen := few[:]
	if o.words > len(few) {
		seen = make([]uint64, o.words)
	}
	others := nameSet{from: p.named}
	count, guess := uint64(0), 0
	for ok := p.d.Object(); ok; ok = p.d.NextMember() {
		name, plain := p.d.NameText()
		if !plain {
			if flaw := flawOf(name); flaw != "" {
				p.flaw = "the name of a member " + flaw
				return false
			}
			name = p.d.Name()
		}
		count++
		i := o.find(name, guess)
		guess = i + 1
		var n *node
		if i >= 0 {
			bit := uint64(1) << (i % 64)
			if seen[i/64]&bit != 0 {
				return p.twice(name)
			}
			seen[i/64] |= bit
			n = o.members[i].node
		} else {
			if !others.add(p, name) {
				return p.twice(name)
			}
			n = p.unknown(o, name)
		}
		if !p.value(n) {
			return p.flawIn(string(name))
		}
	}
	p.named = others.from
	for i, required := range o.required {
		if seen[i]&required != required {
			return false
		}
	}
	return o.least <= count && count <= o.most
}

// unknown returns the node of a member that is not in o.members. It returns never for a member
// that several patterns describe: the tree decides.
func (p *pass) unknown(o *objects, name []byte) *node {
	if o.names != nil && !p.isName(o.names, name) {
		return never
	}
	n := o.rest
	found := false
	for i := range o.patterns {
		if !o.patterns[i].name.Match(name) {
			continue
		}
		if found {
			return never
		}
		n, found = o.patterns[i].node, true
	}
	return n
}

// isName reports whether the name of a member fits.
func (p *pass) isName(n *node, name []byte) bool {
	for n.other != nil {
		n = n.other
	}
	if n.tree != nil && (&checker{all: p.all}).check(n.tree, string(name), nil) != nil {
		return false
	}
	return n.kinds&isText != 0 && (n.texts == nil || n.texts.fit(name))
}
