package jsonschema

import "slices"

// merge returns a schema without allOf that the same values fit; nil if only the tree tells
// which values fit.
func (c *compiler) merge(s *Schema) *Schema {
	merged, ok := c.merged[s]
	if !ok {
		merged = c.mergeAllOf(s)
		c.merged[s] = merged
	}
	return merged
}

func (c *compiler) mergeAllOf(s *Schema) *Schema {
	if len(s.AllOf) == 0 {
		if s.needsTree() {
			return nil
		}
		return s
	}
	all := *s
	if all.AllOf = nil; all.needsTree() {
		return nil
	}
	all.Properties = nil
	for i := range s.Properties {
		p := &s.Properties[i]
		all.Properties = append(all.Properties, Property{p.Name, Schema{alias: &p.Schema}})
	}
	for i := range s.AllOf {
		part := c.resolve(&s.AllOf[i])
		if part == nil {
			continue
		}
		if part = c.merge(part); part == nil || !c.add(&all, part) {
			return nil
		}
	}
	return &all
}

// add adds the keywords of a schema to another one. It returns false if no one schema expresses
// both.
func (c *compiler) add(all, part *Schema) bool {
	switch {
	case len(all.PatternProperties) > 0 || len(part.PatternProperties) > 0:
		return false // a property that a pattern matches has two schemas, which are merged in turn
	case all.Never || part.Never:
		return false
	case all.describesOthers() && part.describesMembers() || part.describesOthers() && all.describesMembers():
		return false
	}
	return addTypes(all, part) && addValues(all, part) && addItems(all, part) && c.addMembers(all, part)
}

// describesMembers reports whether a schema has a keyword for some members.
func (s *Schema) describesMembers() bool { return len(s.Properties) > 0 || s.describesOthers() }

// describesOthers reports whether a schema has a keyword whose meaning depends on the
// properties beside it.
func (s *Schema) describesOthers() bool {
	return s.Closed || s.Additional != nil || s.Names != nil || len(s.PatternProperties) > 0
}

func addTypes(all, part *Schema) bool {
	if len(all.Types) == 0 || len(part.Types) == 0 {
		all.Types = slices.Concat(all.Types, part.Types)
		return true
	}
	integers := slices.Contains(all.Types, "integer") || slices.Contains(part.Types, "integer")
	if integers && slices.Contains(all.Types, "number") != slices.Contains(part.Types, "number") {
		return false // an integer is a number of another name
	}
	all.Types = slices.DeleteFunc(slices.Clone(all.Types), func(t string) bool { return !slices.Contains(part.Types, t) })
	return len(all.Types) > 0
}

// addValues adds the keywords for strings and numbers, if only one schema has each group.
func addValues(all, part *Schema) bool {
	if len(part.Enum) > 0 {
		if len(all.Enum) > 0 {
			return false
		}
		all.Enum = part.Enum
	}
	if part.limitsText() {
		if all.limitsText() {
			return false
		}
		all.Pattern, all.PatternText, all.MinLength, all.MaxLength = part.Pattern, part.PatternText, part.MinLength, part.MaxLength
	}
	if part.limitsNumbers() {
		if all.limitsNumbers() {
			return false
		}
		all.Minimum, all.Maximum, all.MultipleOf = part.Minimum, part.Maximum, part.MultipleOf
		all.ExclusiveMinimum, all.ExclusiveMaximum = part.ExclusiveMinimum, part.ExclusiveMaximum
	}
	return true
}

func (s *Schema) limitsText() bool { return s.Pattern != nil || s.MinLength > 0 || s.MaxLength != nil }

func (s *Schema) limitsNumbers() bool {
	return s.Minimum != "" || s.Maximum != "" || s.ExclusiveMinimum != "" || s.ExclusiveMaximum != "" || s.MultipleOf != ""
}

func addItems(all, part *Schema) bool {
	if !part.describesItems() {
		return true
	}
	if all.describesItems() {
		return false
	}
	all.PrefixItems, all.Items, all.MinItems, all.MaxItems = part.PrefixItems, part.Items, part.MinItems, part.MaxItems
	return true
}

func (s *Schema) describesItems() bool {
	return len(s.PrefixItems) > 0 || s.Items != nil || s.MinItems > 0 || s.MaxItems != nil
}

// addMembers adds the keywords for objects. Only one schema describes the members that are
// no properties.
func (c *compiler) addMembers(all, part *Schema) bool {
	if part.describesOthers() {
		all.Closed, all.Additional, all.Names = part.Closed, part.Additional, part.Names
	}
	all.Required = slices.Concat(all.Required, part.Required)
	all.MinProperties = max(all.MinProperties, part.MinProperties)
	if part.MaxProperties != nil && (all.MaxProperties == nil || *all.MaxProperties > *part.MaxProperties) {
		all.MaxProperties = part.MaxProperties
	}
	for i := range part.Properties {
		p := &part.Properties[i]
		at := slices.IndexFunc(all.Properties, func(known Property) bool { return known.Name == p.Name })
		if at < 0 {
			all.Properties = append(all.Properties, Property{p.Name, Schema{alias: &p.Schema}})
			continue
		}
		both, ok := c.addLeaf(&all.Properties[at].Schema, &p.Schema)
		if !ok {
			return false
		}
		all.Properties[at].Schema = both
	}
	return true
}

// addLeaf returns a schema for both schemas of one member. It returns false if one of them has
// schemas of its own: merging these could go on without an end.
func (c *compiler) addLeaf(a, b *Schema) (Schema, bool) {
	x, y := c.resolve(a), c.resolve(b)
	switch {
	case x == nil:
		return Schema{alias: b}, true
	case y == nil || x == y:
		return *a, true // a is an alias already
	case x.needsTree() || y.needsTree() || x.hasParts() || y.hasParts():
		return Schema{}, false
	}
	both := *x
	ok := c.add(&both, y)
	return both, ok
}

// hasParts reports whether a schema has schemas for parts of a value.
func (s *Schema) hasParts() bool {
	return s.describesMembers() || len(s.PrefixItems) > 0 || s.Items != nil
}
