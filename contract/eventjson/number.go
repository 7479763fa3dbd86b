package eventjson

import (
	"strconv"

	"github.com/mixstream/mixstream/internal/excerpt"
)

// Float returns the next value, which must be a number or null, as the nearest float64, or
// float32 if bits is 32. null is 0. A number out of range is an error.
func (d *Decoder) Float(bits int) float64 {
	if c := d.next(); c != '-' && !isDigit(c) {
		d.notNumber("number")
		return 0
	}
	at := d.at
	number := d.number()
	if len(number) == 0 {
		return 0
	}
	f, err := strconv.ParseFloat(string(number), bits)
	if err != nil {
		d.fail(failure{at: at, reason: wrongNumber("number", number)})
		return 0
	}
	return f
}

// notNumber consumes null; any other value is an error.
func (d *Decoder) notNumber(want string) {
	if !d.Null() {
		d.mismatch(want)
	}
}

// wrongNumber returns the reason to refuse a number.
func wrongNumber(want string, number []byte) string {
	return excerpt.Cut(misfit(want, "number "+string(number)), 200)
}

// number consumes a number (RFC 8259, section 6) and returns its text; nil after an error.
func (d *Decoder) number() []byte {
	begin := d.at
	i := begin
	if i < len(d.data) && d.data[i] == '-' {
		i++
	}
	if i < len(d.data) && d.data[i] == '0' {
		i++
	} else if i = d.digits(i); i < 0 {
		return nil
	}
	if i < len(d.data) && d.data[i] == '.' {
		if i = d.digits(i + 1); i < 0 {
			return nil
		}
	}
	if i < len(d.data) && d.data[i]|0x20 == 'e' {
		if i++; i < len(d.data) && (d.data[i] == '+' || d.data[i] == '-') {
			i++
		}
		if i = d.digits(i); i < 0 {
			return nil
		}
	}
	d.at = i
	return d.data[begin:i]
}

// digits returns the index behind the digits at i; -1 after an error, if there are none.
func (d *Decoder) digits(i int) int {
	begin := i
	for i < len(d.data) && isDigit(d.data[i]) {
		i++
	}
	if i == begin {
		d.syntax()
		return -1
	}
	return i
}

func isDigit(c byte) bool { return c-'0' <= 9 }
