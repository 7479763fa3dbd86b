package jsonschema

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// numbers tells which numbers fit.
type numbers struct {
	schema      *Schema  // holds the bounds
	enum        []Number // empty: any
	integer     bool     // a fraction does not fit
	least, most Number   // the limits of the Go type; empty: none
	float       int      // the bits of the Go type, if it is a float

	// Most numbers are plain: of at most 18 digits, with a fraction but no exponent. A plain
	// integer fits if it is from low to high and a multiple of step. A plain number above 0
	// with a fraction fits if the integer below it is from low of whole to its high. Only the
	// other fields tell if exact is set.
	integers, whole interval
	step            int64
	exact           bool
}

// interval holds the integers from low to high.
type interval struct{ low, high int64 }

func (i interval) has(v int64) bool { return i.low <= v && v <= i.high }

var allIntegers = interval{math.MinInt64, math.MaxInt64}

// newNumbers returns which numbers fit a schema and a Go type; nil if all do.
func newNumbers(s *Schema, is *goType) *numbers {
	n := &numbers{schema: s, integers: allIntegers, whole: allIntegers, step: 1}
	n.integer = slices.Contains(s.Types, "integer") && !slices.Contains(s.Types, "number")
	for _, value := range s.Enum {
		if number, ok := value.(Number); ok {
			n.enum, n.exact = append(n.enum, number), true
		}
	}
	n.atLeast(s.Minimum, 0)
	n.atLeast(s.ExclusiveMinimum, 1)
	n.atMost(s.Maximum, 0)
	n.atMost(s.ExclusiveMaximum, 1)
	if s.MultipleOf != "" {
		var ok bool
		n.step, ok = s.MultipleOf.small()
		n.exact = n.exact || !ok || n.step <= 0
	}
	n.limit(is)
	if !n.integer && n.float == 0 && !n.exact && n.integers == allIntegers && s.MultipleOf == "" {
		return nil
	}
	return n
}

// atLeast sets a lower bound of plain numbers. distance is 1 if the bound itself does not fit.
func (n *numbers) atLeast(limit Number, distance int64) {
	if limit == "" {
		return
	}
	v, ok := limit.small()
	n.exact = n.exact || !ok
	n.integers.low = max(n.integers.low, v+distance)
	n.whole.low = max(n.whole.low, v)
}

// atMost sets an upper bound of plain numbers.
func (n *numbers) atMost(limit Number, distance int64) {
	if limit == "" {
		return
	}
	v, ok := limit.small()
	n.exact = n.exact || !ok
	n.integers.high = min(n.integers.high, v-distance)
	n.whole.high = min(n.whole.high, v-1)
}

// limit sets the limits of a Go type. Plain numbers are within those of 64 bits.
func (n *numbers) limit(is *goType) {
	bits := is.bits
	if bits == 0 {
		bits = strconv.IntSize
	}
	switch is.kind {
	case integer:
		most := int64(math.MaxInt64) >> (64 - bits)
		n.integer, n.least, n.most = true, Number(strconv.FormatInt(-most-1, 10)), Number(strconv.FormatInt(most, 10))
		n.integers = interval{max(n.integers.low, -most-1), min(n.integers.high, most)}
	case unsigned:
		most := uint64(math.MaxUint64) >> (64 - bits)
		n.integer, n.least, n.most = true, "0", Number(strconv.FormatUint(most, 10))
		n.integers.low = max(n.integers.low, 0)
		if most < math.MaxInt64 {
			n.integers.high = min(n.integers.high, int64(most))
		}
	case float:
		n.float = bits
	default:
	}
}

// fit reports whether a number fits.
func (n *numbers) fit(text []byte) bool {
	if !n.exact {
		switch v, fraction, ok := plain(text); {
		case !ok:
		case !fraction:
			return n.integers.has(v) && v%n.step == 0
		case n.integer:
			return false
		case text[0] != '-' && n.schema.MultipleOf == "":
			return n.whole.has(v)
		}
	}
	number := Number(text)
	switch {
	case n.integer && !number.isInteger():
		return false
	case len(n.enum) > 0 && !slices.ContainsFunc(n.enum, func(value Number) bool { return value.Compare(number) == 0 }):
		return false
	case n.most != "" && (number.Compare(n.least) < 0 || number.Compare(n.most) > 0):
		return false
	case n.float != 0 && !fitsFloat(number, n.float):
		return false
	}
	return n.schema.checkNumber(number) == nil
}

// fitsFloat reports whether a number is in the range of a float of so many bits.
func fitsFloat(number Number, bits int) bool {
	// A float32 holds every number of 38 digits.
	if len(number) <= 38 && !strings.ContainsAny(string(number), "eE") {
		return true
	}
	_, err := strconv.ParseFloat(string(number), bits)
	return err == nil
}
