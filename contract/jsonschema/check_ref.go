package jsonschema

import "reflect"

// visit is the check of an array or an object by a schema.
type visit struct {
	schema *Schema
	value  uintptr
}

// maxVisits is how many schemas a checker visits before it remembers what it found. Unions
// that contain each other visit each value again and again: two alternatives that both lead to
// the next level double the visits with every level of the data.
const maxVisits = 1000

// checkRef checks a value by the schema called name. No schema of that name: the value fits.
func (c *checker) checkRef(name string, value any, seen *evaluated) *misfit {
	s := c.all[name]
	if s == nil {
		return nil
	}
	c.visits++
	v := visit{s, identity(value)}
	if c.visits <= maxVisits || seen != nil || v.value == 0 {
		return c.check(s, value, seen)
	}
	m, ok := c.known[v]
	if !ok {
		m = c.check(s, value, nil)
		if c.known == nil {
			c.known = map[visit]*misfit{}
		}
		c.known[v] = m
	}
	return m
}

// identity returns the address of a value that is an object or an array with items; 0 for any
// other.
func identity(value any) uintptr {
	switch value := value.(type) {
	case map[string]any:
		return reflect.ValueOf(value).Pointer()
	case []any:
		if len(value) > 0 {
			return reflect.ValueOf(value).Pointer()
		}
	}
	return 0
}
