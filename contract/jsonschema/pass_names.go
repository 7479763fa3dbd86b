package jsonschema

import (
	"bytes"
	"sync"
)

// names holds names of members, so that a pass recognizes one that comes twice.
type names [24][]byte

var namePool = sync.Pool{New: func() any { return new(names) }}

// release gives the memory of a pass back.
func (p *pass) release() {
	if p.names != nil {
		clear(p.names[:])
		namePool.Put(p.names)
	}
}

// nameSet holds the names of the members of one object.
type nameSet struct {
	from int                 // the place of the first name in pass.names
	many map[string]struct{} // all names, if there are too many for pass.names
}

// add adds a name to a set, which is the last one in p. It reports whether the name is new.
func (s *nameSet) add(p *pass, name []byte) bool {
	if p.names == nil {
		p.names = namePool.Get().(*names)
	}
	if s.many == nil {
		for _, known := range p.names[s.from:p.named] {
			if bytes.Equal(known, name) {
				return false
			}
		}
		if p.named < len(p.names) {
			p.names[p.named] = name
			p.named++
			return true
		}
		s.many = map[string]struct{}{}
		for _, known := range p.names[s.from:p.named] {
			s.many[string(known)] = struct{}{}
		}
		p.named = s.from
	}
	if _, ok := s.many[string(name)]; ok {
		return false
	}
	s.many[string(name)] = struct{}{}
	return true
}
