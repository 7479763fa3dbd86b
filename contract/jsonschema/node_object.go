package jsonschema

import "regexp"

// objects tells which objects fit.
type objects struct {
	members []member
	table   []uint32 // the places in members by the hash of the name, plus 1; 0 is empty
	words   int      // of a set of members: one bit for each

	patterns []pattern // for members that are not in members
	rest     *node     // for members that neither members nor patterns describe
	names    *node     // of the names of the members that are not in members; nil: any

	required    []uint64 // the set of members that must be present
	least, most uint64
}

// member is a member whose name the schema or the Go type knows.
type member struct {
	name string
	node *node
}

// pattern is the node of the members whose name matches.
type pattern struct {
	name *regexp.Regexp
	node *node
}

// index prepares find.
func (o *objects) index() {
	size := 4
	for size < 4*len(o.members) {
		size *= 2
	}
	o.table = make([]uint32, size)
	o.words = (len(o.members) + 63) / 64
	for i := range o.members {
		at := o.slot(hash([]byte(o.members[i].name)))
		for o.table[at] != 0 {
			at = o.slot(at + 1)
		}
		o.table[at] = uint32(i + 1)
	}
}

// find returns the place of a member; -1 if it is not known. guess is the place to look at
// first: most texts have the members in the order of the Go type.
func (o *objects) find(name []byte, guess int) int {
	if guess < len(o.members) && o.members[guess].name == string(name) {
		return guess
	}
	if len(o.members) == 0 {
		return -1
	}
	for at := o.slot(hash(name)); ; at = o.slot(at + 1) {
		i := int(o.table[at]) - 1
		if i < 0 || o.members[i].name == string(name) {
			return i
		}
	}
}

func (o *objects) slot(hash uint) uint { return hash & uint(len(o.table)-1) }

// hash depends on the length and four bytes: enough for the few names of a schema.
func hash(name []byte) uint {
	n := uint(len(name))
	if n == 0 {
		return 0
	}
	h := n*31 + uint(name[0])
	h = h*31 + uint(name[n-1])
	h = h*31 + uint(name[n/2])
	return h*31 + uint(name[n/4])
}
