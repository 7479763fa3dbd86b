package client

import (
	"bytes"
	"strconv"

	"github.com/mixstream/mixstream/contract/eventjson"
)

// stringMember returns the string in the member called name of a JSON object, and whether
// there is one. It returns known itself, without an allocation, for an equal string.
func stringMember(object []byte, name, known string) (text string, ok bool) {
	value := member(object, name)
	if len(value) == 0 || value[0] != '"' {
		return "", false
	}
	d := eventjson.NewDecoder(value)
	return d.Const(known), true
}

// scalarAt returns the text of the string, number or boolean at a JSON pointer, and whether
// there is one. It returns known itself, without an allocation, for an equal text.
func scalarAt(data []byte, pointer []string, known string) (text string, ok bool) {
	for _, token := range pointer {
		if data = bytes.TrimLeft(data, " \t\r\n"); bytes.HasPrefix(data, []byte("[")) {
			data = item(data, token)
		} else {
			data = member(data, token)
		}
	}
	d := eventjson.NewDecoder(data)
	value := d.Raw()
	switch {
	case d.Finish() != nil || value[0] == '{' || value[0] == '[' || value[0] == 'n':
		return "", false
	case value[0] == '"':
		d = eventjson.NewDecoder(value)
		return d.Const(known), true
	case string(value) == known:
		return known, true
	}
	return string(value), true
}

// member returns the value of the member called name of a JSON object; nil if there is none.
// If several members have the name, it returns the last, which is the one that the decoder of
// an event takes. It ends at an error of the text, which that decoder reports.
func member(object []byte, name string) (value []byte) {
	d := eventjson.NewDecoder(object)
	for ok := d.Object(); ok; ok = d.NextMember() {
		if string(d.Name()) == name {
			value = d.Raw()
		} else {
			d.Skip()
		}
	}
	return value
}

// item returns the item of a JSON array at an index; nil if there is none.
func item(array []byte, index string) (value []byte) {
	d := eventjson.NewDecoder(array)
	i := 0
	for ok := d.Array(); ok; ok = d.NextItem() {
		if strconv.Itoa(i) == index {
			return d.Raw()
		}
		d.Skip()
		i++
	}
	return nil
}
