package eventjson

import (
	"math"
	"math/bits"
	"strconv"
)

// maxExponent bounds an exponent, so that adding a number of digits to it does not overflow.
const maxExponent = math.MaxInt64 / 4

// exact returns the value of a number without a sign if that is an integer of 64 bits. A large
// exponent costs nothing.
func exact(number []byte) (n uint64, ok bool) {
	exponent, zeros, ok := int64(0), int64(0), len(number) > 0
	fraction := false
	for i, c := range number {
		switch {
		case c == '.':
			fraction = true
			continue
		case !isDigit(c): // e or E
			exponent += parseExponent(number[i+1:])
			return shift(n, exponent+zeros, ok)
		case fraction:
			exponent--
		}
		// Zeros at the end of the digits are part of the exponent.
		if c == '0' {
			zeros++
			continue
		}
		if n, ok = shift(n, zeros+1, ok); ok {
			var carry uint64
			n, carry = bits.Add64(n, uint64(c-'0'), 0)
			ok = carry == 0
		}
		zeros = 0
	}
	return shift(n, exponent+zeros, ok)
}

// shift returns n × 10^exponent if that is an integer of 64 bits.
func shift(n uint64, exponent int64, ok bool) (uint64, bool) {
	if !ok || n == 0 {
		return 0, ok
	}
	for ; exponent > 0; exponent-- {
		var over uint64
		if over, n = bits.Mul64(n, 10); over != 0 {
			return 0, false
		}
	}
	return n, exponent == 0
}

// parseExponent returns an exponent, clamped to its bounds.
func parseExponent(text []byte) int64 {
	exponent, _ := strconv.ParseInt(string(text), 10, 64) // out of range, it returns the nearest integer
	return min(max(exponent, -maxExponent), maxExponent)
}
