package eventjson

import "encoding/json"

// Any returns the next value as a nil, bool, string, [json.Number], []any or map[string]any.
// Of members that come twice, the last wins.
func (d *Decoder) Any() any {
	switch c := d.next(); c {
	case '"':
		return d.String()
	case '{':
		members := map[string]any{}
		for ok := d.Object(); ok; ok = d.NextMember() {
			name := string(d.Name())
			members[name] = d.Any()
		}
		return members
	case '[':
		items := []any{}
		for ok := d.Array(); ok; ok = d.NextItem() {
			items = append(items, d.Any())
		}
		return items
	case 't':
		return d.literal("true")
	case 'f':
		d.literal("false")
		return false
	case 'n':
		d.literal("null")
		return nil
	default:
		if c != '-' && !isDigit(c) {
			d.syntax()
			return nil
		}
		return json.Number(d.number())
	}
}
