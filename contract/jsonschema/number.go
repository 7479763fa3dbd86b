package jsonschema

import (
	"cmp"
	"math"
	"math/big"
	"strconv"
	"strings"
)

// Number is a number as JSON writes it (RFC 8259, section 6). It keeps every digit: unlike two
// float64 values, 9007199254740993 and 9007199254740992 differ. The empty Number means that
// there is no number.
type Number string

// Compare returns -1, 0 or 1 if n is less than, equal to, or greater than other. Neither may
// be empty.
func (n Number) Compare(other Number) int {
	if a, ok := n.small(); ok {
		if b, ok := other.small(); ok {
			return cmp.Compare(a, b)
		}
	}
	return n.decimal().compare(other.decimal())
}

// isInteger reports whether n has no fraction: 7, 7.0 and 70e-1 have none.
func (n Number) isInteger() bool {
	if _, ok := n.small(); ok {
		return true
	}
	d := n.decimal()
	return d.point >= int64(d.len())
}

// isMultipleOf reports whether n is a multiple of step, which must not be 0. Both are decimal:
// 0.3 is a multiple of 0.1.
func (n Number) isMultipleOf(step Number) bool {
	if value, ok := n.small(); ok {
		if by, ok := step.small(); ok {
			return by != 0 && value%by == 0
		}
	}
	value, by := n.decimal(), step.decimal()
	switch {
	case value.len() == 0 || by.len() == 0:
		return by.len() > 0
	case value.exponent() < by.exponent():
		return false // the last digit of value, which is not 0, is below the last digit of step
	}
	// A power modulo the step stays as small as the step, however large the exponent is.
	digits := by.integer()
	power := new(big.Int).Exp(big.NewInt(10), big.NewInt(value.exponent()-by.exponent()), digits)
	power.Mul(power, value.modulo(digits))
	return power.Mod(power, digits).Sign() == 0
}

// small returns n if it is an integer of at most 18 digits.
func (n Number) small() (int64, bool) {
	value, fraction, ok := plain(n)
	return value, ok && !fraction
}

// plain returns the integer that a number has before its fraction, and whether the fraction is
// more than 0. It is ok for a number without an exponent whose integer has at most 18 digits.
func plain[T ~string | ~[]byte](number T) (value int64, fraction, ok bool) {
	i, negative := 0, false
	if len(number) > 0 && number[0] == '-' {
		i, negative = 1, true
	}
	begin := i
	for ; i < len(number) && number[i]-'0' <= 9; i++ {
		value = value*10 + int64(number[i]-'0')
	}
	if i == begin || i > begin+18 {
		return 0, false, false
	}
	if i < len(number) {
		if number[i] != '.' {
			return 0, false, false
		}
		for i++; i < len(number) && number[i]-'0' <= 9; i++ {
			fraction = fraction || number[i] != '0'
		}
	}
	if negative {
		value = -value
	}
	return value, fraction, i == len(number)
}

// decimal is a number as 0.DIGITS × 10^point. The digits neither begin nor end with 0; zero
// has none. They are whole followed by fraction, both slices of the text, so parsing a number
// allocates nothing.
type decimal struct {
	negative        bool
	whole, fraction string
	point           int64
}

// maxExponent bounds an exponent, so that adding a number of digits to it does not overflow.
// Beyond it, only the digits of two numbers are compared.
const maxExponent = math.MaxInt64 / 4

func (n Number) decimal() decimal {
	text, negative := strings.CutPrefix(string(n), "-")
	exponent := int64(0)
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		exponent = parseExponent(text[i+1:])
		text = text[:i]
	}
	whole, fraction, _ := strings.Cut(text, ".")
	whole = strings.TrimLeft(whole, "0")
	point := len(whole)
	if whole == "" {
		written := len(fraction)
		fraction = strings.TrimLeft(fraction, "0")
		point = len(fraction) - written
	}
	if fraction = strings.TrimRight(fraction, "0"); fraction == "" {
		whole = strings.TrimRight(whole, "0")
	}
	if whole == "" && fraction == "" {
		return decimal{}
	}
	return decimal{negative, whole, fraction, exponent + int64(point)}
}

// parseExponent returns an exponent, clamped to its bounds.
func parseExponent(text string) int64 {
	exponent, _ := strconv.ParseInt(text, 10, 64) // out of range, ParseInt returns the nearest integer
	return min(max(exponent, -maxExponent), maxExponent)
}

func (d decimal) len() int { return len(d.whole) + len(d.fraction) }

// exponent returns the power of ten that multiplies the digits as an integer.
func (d decimal) exponent() int64 { return d.point - int64(d.len()) }

// digit returns the digit at i, or 0 after the last one.
func (d decimal) digit(i int) byte {
	switch {
	case i < len(d.whole):
		return d.whole[i]
	case i < d.len():
		return d.fraction[i-len(d.whole)]
	}
	return '0'
}

// integer returns the digits as an integer.
func (d decimal) integer() *big.Int {
	i, _ := new(big.Int).SetString(d.whole+d.fraction, 10)
	return i
}

// modulo returns the digits as an integer, modulo another one. It takes a few digits at a time:
// the time to convert all at once grows with the square of their number.
func (d decimal) modulo(by *big.Int) *big.Int {
	rest, part, shift := new(big.Int), new(big.Int), new(big.Int)
	for i := 0; i < d.len(); {
		digits, scale := int64(0), int64(1)
		for ; i < d.len() && scale < 1e18; i++ {
			digits, scale = digits*10+int64(d.digit(i)-'0'), scale*10
		}
		rest.Mul(rest, shift.SetInt64(scale))
		rest.Add(rest, part.SetInt64(digits))
		rest.Mod(rest, by)
	}
	return rest
}

func (d decimal) compare(other decimal) int {
	switch sign := d.sign(); {
	case sign != other.sign():
		return cmp.Compare(sign, other.sign())
	case sign < 0:
		return other.compareDigits(d)
	}
	return d.compareDigits(other)
}

func (d decimal) sign() int {
	switch {
	case d.len() == 0:
		return 0
	case d.negative:
		return -1
	}
	return 1
}

// compareDigits compares two numbers of the same sign and ignores the sign.
func (d decimal) compareDigits(other decimal) int {
	if d.point != other.point {
		return cmp.Compare(d.point, other.point)
	}
	for i := range max(d.len(), other.len()) {
		if c := cmp.Compare(d.digit(i), other.digit(i)); c != 0 {
			return c
		}
	}
	return 0
}
