package eventjson

import (
	"encoding/json"
	"math"
	"reflect"
	"strconv"
)

// Null writes null.
func (e *Encoder) Null() { e.b = append(e.b, "null,"...) }

// Bool writes true or false.
//
//go:noinline
func (e *Encoder) Bool(b bool) {
	if b {
		e.b = append(e.b, "true,"...)
	} else {
		e.b = append(e.b, "false,"...)
	}
}

// Int writes an integer.
//
//go:noinline
func (e *Encoder) Int(n int64) { e.b = append(strconv.AppendInt(e.b, n, 10), ',') }

// Uint writes an integer.
//
//go:noinline
func (e *Encoder) Uint(n uint64) { e.b = append(strconv.AppendUint(e.b, n, 10), ',') }

// Float writes the shortest number that is f, or float32(f) if bits is 32, as ECMAScript does.
// NaN and infinities are errors.
func (e *Encoder) Float(f float64, bits int) {
	if bits == 32 {
		f = float64(float32(f))
	}
	if n := int64(f); float64(n) == f && n != 0 && -maxWhole < n && n < maxWhole { // 0 may be -0
		e.Int(n)
		return
	}
	if math.IsNaN(f) || math.IsInf(f, 0) {
		err := &json.UnsupportedValueError{Value: reflect.ValueOf(f), Str: strconv.FormatFloat(f, 'g', -1, bits)}
		e.refuse(&Error{Reason: because(err), Err: err})
		return
	}
	if abs := math.Abs(f); abs != 0 && (abs < lowest(bits) || abs >= 1e21) {
		e.b = append(trimExponent(strconv.AppendFloat(e.b, f, 'e', -1, bits)), ',')
		return
	}
	e.b = append(strconv.AppendFloat(e.b, f, 'f', -1, bits), ',')
}

// maxWhole is a limit below which a float of either size can be every integer, so that all digits
// of one are necessary. Integers are written faster than floats.
const maxWhole = 1 << 24

// lowest returns the lowest number that is written without an exponent.
func lowest(bits int) float64 {
	if bits == 32 {
		return float64(float32(1e-6))
	}
	return 1e-6
}

// trimExponent makes e-9 from e-09 at the end.
func trimExponent(b []byte) []byte {
	if n := len(b); b[n-3] == '-' && b[n-2] == '0' {
		b[n-2] = b[n-1]
		return b[:n-1]
	}
	return b
}
