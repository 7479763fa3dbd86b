package eventjson

import (
	"math"
	"strconv"
)

// Int returns the next value, which must be an integer of so many bits (8, 16, 32 or 64, or 0
// for the size of int) or null. null is 0. The number may have a fraction or an exponent; its
// value decides: 1.0 and 1e2 are integers.
func (d *Decoder) Int(bits int) int64 {
	if c := d.next(); c != '-' && !isDigit(c) {
		d.notNumber(intType("int", bits))
		return 0
	}
	at := d.at
	negative, n, ok := d.integer()
	limit := uint64(1) << (sizeOf(bits) - 1)
	switch {
	case ok && !negative && n < limit:
		return int64(n) //nolint:gosec // it is less than 1<<63
	case ok && negative && n <= limit:
		return -int64(n) //nolint:gosec // -1<<63 is its own negation
	}
	d.wrongInteger("int", bits, at)
	return 0
}

// Uint is [Decoder.Int] for an unsigned type.
func (d *Decoder) Uint(bits int) uint64 {
	if c := d.next(); c != '-' && !isDigit(c) {
		d.notNumber(intType("uint", bits))
		return 0
	}
	at := d.at
	negative, n, ok := d.integer()
	if ok && (!negative || n == 0) && n <= math.MaxUint64>>(64-sizeOf(bits)) {
		return n
	}
	d.wrongInteger("uint", bits, at)
	return 0
}

func sizeOf(bits int) int {
	if bits == 0 {
		return strconv.IntSize
	}
	return bits
}

// intType returns the words for an integer type.
func intType(kind string, bits int) string {
	if bits != 0 {
		kind += strconv.Itoa(bits)
	}
	return "integer (" + kind + ")"
}

// wrongInteger reports that the number at an offset, which is just read, is no integer of that
// type.
func (d *Decoder) wrongInteger(kind string, bits, at int) {
	if d.failure == nil {
		d.fail(failure{at: at, reason: wrongNumber(intType(kind, bits), d.data[at:d.at])})
	}
}

// integer consumes a number and returns its sign and its absolute value. It is not ok if the
// number has a fraction or does not fit.
func (d *Decoder) integer() (negative bool, n uint64, ok bool) {
	i := d.at
	if negative = d.data[i] == '-'; negative {
		i++
	}
	begin := i
	for ; i < len(d.data) && isDigit(d.data[i]); i++ {
		n = n*10 + uint64(d.data[i]-'0')
	}
	// 19 digits always fit. Reading the next token checks what follows the digits.
	plain := begin < i && i <= begin+19 && (d.data[begin] != '0' || i == begin+1)
	if plain && (i == len(d.data) || d.data[i] != '.' && d.data[i]|0x20 != 'e') {
		d.at = i
		return negative, n, true
	}
	number := d.number()
	if negative && len(number) > 0 {
		number = number[1:]
	}
	n, ok = exact(number)
	return negative, n, ok
}
