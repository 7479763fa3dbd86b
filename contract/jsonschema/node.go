package jsonschema

import "math"

// node tells what one value must be: it fits a schema, and can be decoded into a Go type. It
// holds what both together leave to check. Nodes refer to each other as the schemas do.
type node struct {
	kinds   kinds
	texts   *texts   // nil: any string
	numbers *numbers // nil: any number
	lists   *lists   // not nil if an array is allowed
	objects *objects // not nil if an object is allowed

	other *node   // checks every value but null; nil: this node does
	tree  *Schema // checks the value as a tree; nil: the other fields say it all
	codec *goType // decodes the value with encoding/json; nil: the other fields say it all
}

// kinds is a set of kinds of values.
type kinds uint8

const (
	isNull kinds = 1 << iota
	isFalse
	isTrue
	isText
	isNumber
	isArray
	isObject

	isAny = isNull | isFalse | isTrue | isText | isNumber | isArray | isObject
)

// anyNode is the node of a value that only must be JSON.
var anyNode = func() *node {
	n := &node{kinds: isAny}
	n.lists, n.objects = &lists{rest: n, most: math.MaxUint64}, &objects{rest: n, most: math.MaxUint64}
	return n
}()

// never is the node that no value fits.
var never = &node{}

// lists tells which arrays fit.
type lists struct {
	prefix      []*node
	rest        *node
	least, most uint64
}
