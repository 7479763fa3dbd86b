package jsonschema

// kinds returns the kinds of values that a schema allows by its own types and values.
func (s *Schema) kinds() kinds {
	all := isAny
	if s.Never {
		all = 0
	}
	if len(s.Types) > 0 {
		var types kinds
		for _, t := range s.Types {
			types |= kindsOf[t]
		}
		all &= types
	}
	if len(s.Enum) > 0 {
		var values kinds
		for _, value := range s.Enum {
			values |= kindOf(value)
		}
		all &= values
	}
	return all
}

// kindsOf holds the kinds of the types of JSON Schema.
var kindsOf = map[string]kinds{
	"null": isNull, "boolean": isFalse | isTrue, "string": isText, "integer": isNumber, "number": isNumber,
	"array": isArray, "object": isObject,
}

// kindOf returns the kind of a value of parse.
func kindOf(value any) kinds {
	switch value := value.(type) {
	case nil:
		return isNull
	case bool:
		if value {
			return isTrue
		}
		return isFalse
	case string:
		return isText
	case Number:
		return isNumber
	case []any:
		return isArray
	case map[string]any:
		return isObject
	}
	return 0
}

// kinds returns the kinds of values that are decoded into a Go type. A foreign type decides
// itself.
func (g *goType) kinds() kinds {
	switch g.kind {
	case boolean:
		return isNull | isFalse | isTrue
	case text:
		return isNull | isText
	case integer, unsigned, float:
		return isNull | isNumber
	case list:
		return isNull | isArray
	case object:
		return isNull | isObject
	default:
		return isAny
	}
}
