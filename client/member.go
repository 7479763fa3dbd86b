package client

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// stringMember returns the text of the member called name of a JSON object; nil if the
// object has no such member, or if it is not a string. The text may alias object.
func stringMember(object []byte, name string) []byte { return unquoted(member(object, name)) }

// member returns the raw value of the member called name of a JSON object; nil if there is
// none. It reads no further than that member, and decodes nothing else. If several members
// have the name, it returns the first.
func member(object []byte, name string) []byte {
	rest, ok := bytes.CutPrefix(skipSpace(object), []byte("{"))
	for ok {
		var key, value []byte
		if key, rest = cutValue(rest); len(key) == 0 || key[0] != '"' {
			return nil
		}
		if rest, ok = bytes.CutPrefix(skipSpace(rest), []byte(":")); !ok {
			return nil
		}
		if value, rest = cutValue(rest); string(unquoted(key)) == name {
			return value
		}
		rest, ok = bytes.CutPrefix(skipSpace(rest), []byte(","))
	}
	return nil
}

// element returns the raw element of a JSON array at an index; nil if there is none.
func element(array []byte, index string) []byte {
	rest, ok := bytes.CutPrefix(skipSpace(array), []byte("["))
	for i := 0; ok; i++ {
		var value []byte
		if value, rest = cutValue(rest); strconv.Itoa(i) == index {
			return value
		}
		rest, ok = bytes.CutPrefix(skipSpace(rest), []byte(","))
	}
	return nil
}

// scalarAt returns the text of the string, number or boolean at a JSON pointer; nil if
// there is none. The text may alias data.
func scalarAt(data []byte, pointer []string) []byte {
	for _, token := range pointer {
		if data = skipSpace(data); bytes.HasPrefix(data, []byte("[")) {
			data = element(data, token)
		} else {
			data = member(data, token)
		}
	}
	data = bytes.Trim(data, " \t\r\n")
	switch {
	case len(data) == 0 || data[0] == '{' || data[0] == '[' || string(data) == "null":
		return nil
	case data[0] == '"':
		return unquoted(data)
	case !json.Valid(data):
		return nil
	}
	return data
}

// cutValue splits data after the JSON value at its beginning. Malformed JSON gives some
// value, or an empty one: the decoder of the event reports the error.
func cutValue(data []byte) (value, rest []byte) {
	data = skipSpace(data)
	depth := 0
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '"':
			n := stringLen(data[i:])
			if n == 0 {
				return nil, nil
			}
			if i += n - 1; depth == 0 {
				return data[:i+1], data[i+1:]
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return data[:i], data[i:]
			}
			if depth--; depth == 0 {
				return data[:i+1], data[i+1:]
			}
		case ',', ':':
			if depth == 0 {
				return data[:i], data[i:]
			}
		}
	}
	return data, nil
}

// stringLen returns the length of the JSON string at the beginning of data, with its
// quotes; 0 if the string does not end.
func stringLen(data []byte) int {
	for i := 1; i < len(data); i++ {
		switch data[i] {
		case '"':
			return i + 1
		case '\\':
			i++
		}
	}
	return 0
}

// unquoted returns the text of a JSON string; nil if data is not a JSON string.
func unquoted(data []byte) []byte {
	data = bytes.TrimRight(data, " \t\r\n")
	if len(data) < 2 || data[0] != '"' || len(data) != stringLen(data) {
		return nil
	}
	if bytes.IndexByte(data, '\\') < 0 {
		return data[1 : len(data)-1]
	}
	var text string
	if json.Unmarshal(data, &text) != nil {
		return nil
	}
	return []byte(text)
}

func skipSpace(data []byte) []byte { return bytes.TrimLeft(data, " \t\r\n") }
