package server

import "bytes"

// compact returns a copy of data, which is valid JSON, without the white space between its parts.
// The copy is no larger than it must be: the log keeps it.
func compact(data []byte) []byte {
	begin := nextSpace(data)
	if begin == len(data) {
		return bytes.Clone(data)
	}
	b := make([]byte, 0, len(data))
	for {
		b, data = append(b, data[:begin]...), bytes.TrimLeft(data[begin:], " \t\r\n")
		if len(data) == 0 {
			return bytes.Clone(b)
		}
		begin = nextSpace(data)
	}
}

// nextSpace returns the offset of the first white space that is not in a string, or the length of
// data if there is none. data is JSON from a place outside any string.
func nextSpace(data []byte) int {
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case ' ', '\t', '\r', '\n':
			return i
		case '"':
			i += stringEnd(data[i+1:]) + 1
		}
	}
	return len(data)
}

// stringEnd returns the offset of the quote that ends a string. data begins behind the one that
// begins it.
func stringEnd(data []byte) int {
	for from := 0; ; {
		end := from + bytes.IndexByte(data[from:], '"')
		begin := end // where the backslashes before the quote begin; an odd number escapes it
		for begin > from && data[begin-1] == '\\' {
			begin--
		}
		if (end-begin)%2 == 0 {
			return end
		}
		from = end + 1
	}
}
