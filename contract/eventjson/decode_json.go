package eventjson

import (
	"encoding/json"
)

// JSON decodes the next value into v, a non-nil pointer, with encoding/json. It calls
// UnmarshalJSON itself if v has that method. As encoding/json does, it adds to what v holds: a
// caller that wants only the new value clears v first.
func (d *Decoder) JSON(v any) {
	data := d.Raw()
	if data == nil {
		return
	}
	at := d.at - len(data)
	if u, ok := v.(json.Unmarshaler); ok {
		if err := u.UnmarshalJSON(data); err != nil {
			d.fail(failure{at: at, reason: because(err), err: err})
		}
		return
	}
	if err := json.Unmarshal(data, v); err != nil {
		wrong := Undecodable(data, v, err)
		d.fail(failure{at: at, inner: wrong.Path, reason: wrong.Reason, err: err})
	}
}
