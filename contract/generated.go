package contract

import (
	"encoding/json"

	"github.com/mixstream/mixstream/contract/eventjson"
)

// Decoded ends the decoding of the event called name. The error is an *InvalidEventError.
func Decoded(name string, d *eventjson.Decoder) error {
	return Invalid(name, d.Finish())
}

// Encoded ends the encoding of the event called name: it returns what e holds. The error is an
// *InvalidEventError.
func Encoded(name string, e *eventjson.Encoder) ([]byte, error) {
	data, err := e.Finish()
	if err != nil {
		return nil, Invalid(name, err)
	}
	return data, nil
}

// Unmarshal unmarshals the data of the event called name into v, a non-nil pointer, with
// another JSON package; nil stands for encoding/json. The error is an *InvalidEventError that
// tells where the data is wrong.
func Unmarshal(name string, data []byte, v any, unmarshal func(data []byte, v any) error) error {
	if unmarshal == nil {
		unmarshal = json.Unmarshal
	}
	if err := unmarshal(data, v); err != nil {
		return Invalid(name, eventjson.Undecodable(data, v, err))
	}
	return nil
}

// NotImplementedError is the error of every method of a generated UnimplementedServer.
type NotImplementedError struct {
	Operation string // the operationId
}

// Error names the operation.
func (e *NotImplementedError) Error() string {
	return "operation " + e.Operation + " is not implemented"
}
