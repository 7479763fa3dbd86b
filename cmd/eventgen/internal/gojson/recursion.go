package gojson

// containsItself reports whether a value of a type can contain another value of that type. Such
// a value may contain itself.
func (s *shape) containsItself() bool {
	seen := map[*shape]bool{}
	var reaches func(of *shape) bool
	reaches = func(of *shape) bool {
		if of == nil || seen[of] {
			return false
		}
		seen[of] = true
		parts := []*shape{of.elem}
		for _, f := range of.fields {
			parts = append(parts, f.shape)
		}
		if of.rest != nil {
			parts = append(parts, of.rest.shape)
		}
		for _, part := range parts {
			if part != nil && (part == s || part.name != "" && part.name == s.name || reaches(part)) {
				return true
			}
		}
		return false
	}
	return reaches(s)
}
