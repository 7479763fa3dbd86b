package eventjson_test

import (
	"math"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/contract/eventjson"
)

func TestIntegers(t *testing.T) {
	zeros := strings.Repeat("0", 1000)
	for _, test := range []struct {
		text   string
		bits   int
		want   int64
		reason string
	}{
		{`0`, 64, 0, ""},
		{`-0`, 64, 0, ""},
		{`-0.0e5`, 8, 0, ""},
		{`null`, 8, 0, ""},
		{`7`, 0, 7, ""},
		{` -7 `, 0, -7, ""},
		{`1.0`, 64, 1, ""},
		{`1e2`, 64, 100, ""},
		{`1E+2`, 64, 100, ""},
		{`100e-2`, 64, 1, ""},
		{`-12.50e1`, 8, -125, ""},
		{`0.001e3`, 8, 1, ""},
		{`10203.040e2`, 64, 1020304, ""},
		{`1` + zeros + `e-1000`, 8, 1, ""},
		{`0.` + zeros + `1e1001`, 8, 1, ""},
		{`0e999999999999999999999`, 8, 0, ""},
		{`0.0e-999999999999999999999`, 8, 0, ""},
		{`127`, 8, 127, ""},
		{`-128`, 8, -128, ""},
		{`32767`, 16, 32767, ""},
		{`-2147483648`, 32, math.MinInt32, ""},
		{`9223372036854775807`, 64, math.MaxInt64, ""},
		{`-9223372036854775808`, 64, math.MinInt64, ""},
		{`9223372036854775807.000`, 64, math.MaxInt64, ""},
		{`-92233720368547758080e-1`, 64, math.MinInt64, ""},
		{`128`, 8, 0, "must be of type integer (int8), not number 128"},
		{`-129`, 8, 0, "must be of type integer (int8), not number -129"},
		{`32768`, 16, 0, "must be of type integer (int16), not number 32768"},
		{`2147483648`, 32, 0, "must be of type integer (int32), not number 2147483648"},
		{`9223372036854775808`, 64, 0, "must be of type integer (int64), not number 9223372036854775808"},
		{`-9223372036854775809`, 0, 0, "must be of type integer (int), not number -9223372036854775809"},
		{`99999999999999999999`, 64, 0, "must be of type integer (int64), not number 99999999999999999999"},
		{`1.5`, 64, 0, "must be of type integer (int64), not number 1.5"},
		{`1e-1`, 64, 0, "must be of type integer (int64), not number 1e-1"},
		{`1e400`, 64, 0, "must be of type integer (int64), not number 1e400"},
		{`1e-400`, 64, 0, "must be of type integer (int64), not number 1e-400"},
		{`1e999999999999999999999`, 64, 0, "must be of type integer (int64), not number 1e999999999999999999999"},
		{`"7"`, 8, 0, "must be of type integer (int8), not string"},
		{`[7]`, 0, 0, "must be of type integer (int), not array"},
		{`true`, 0, 0, "must be of type integer (int), not bool"},
		{`01`, 64, 0, "invalid character '1' after top-level value (byte 2)"},
		{`-`, 64, 0, "unexpected end of JSON input"},
		{`-a`, 64, 0, "invalid character 'a' in numeric literal (byte 2)"},
		{`1.`, 64, 0, "unexpected end of JSON input"},
		{`1.e`, 64, 0, "invalid character 'e' after decimal point in numeric literal (byte 3)"},
		{`1e`, 64, 0, "unexpected end of JSON input"},
		{`1e+x`, 64, 0, "invalid character 'x' in exponent of numeric literal (byte 4)"},
		{`+1`, 64, 0, "invalid character '+' looking for beginning of value (byte 1)"},
		{`.5`, 64, 0, "invalid character '.' looking for beginning of value (byte 1)"},
		{`1a`, 64, 0, "invalid character 'a' after top-level value (byte 2)"},
	} {
		got, err := read(test.text, func(d *eventjson.Decoder) int64 { return d.Int(test.bits) })
		if reason := reasonOf(err); reason != test.reason || err == nil && got != test.want {
			t.Errorf("%.60s: got %d, %s, want %d, %s", test.text, got, reason, test.want, test.reason)
		}
	}
}

func TestUnsignedIntegers(t *testing.T) {
	for _, test := range []struct {
		text   string
		bits   int
		want   uint64
		reason string
	}{
		{`0`, 64, 0, ""},
		{`-0`, 64, 0, ""},
		{`null`, 8, 0, ""},
		{`2.550e2`, 8, 255, ""},
		{`65535`, 16, 65535, ""},
		{`4294967295`, 32, math.MaxUint32, ""},
		{`18446744073709551615`, 64, math.MaxUint64, ""},
		{`4294967295`, 0, math.MaxUint32, ""},
		{`1e19`, 64, 1e19, ""},
		{`-1`, 64, 0, "must be of type integer (uint64), not number -1"},
		{`256`, 8, 0, "must be of type integer (uint8), not number 256"},
		{`65536`, 16, 0, "must be of type integer (uint16), not number 65536"},
		{`4294967296`, 32, 0, "must be of type integer (uint32), not number 4294967296"},
		{`18446744073709551616`, 0, 0, "must be of type integer (uint), not number 18446744073709551616"},
		{`18446744073709551620e-1`, 64, 1844674407370955162, ""},
		{`1e20`, 64, 0, "must be of type integer (uint64), not number 1e20"},
		{`"1"`, 64, 0, "must be of type integer (uint64), not string"},
	} {
		got, err := read(test.text, func(d *eventjson.Decoder) uint64 { return d.Uint(test.bits) })
		if reason := reasonOf(err); reason != test.reason || err == nil && got != test.want {
			t.Errorf("%s: got %d, %s, want %d, %s", test.text, got, reason, test.want, test.reason)
		}
	}
}

func TestFloats(t *testing.T) {
	for _, test := range []struct {
		text   string
		bits   int
		want   float64
		reason string
	}{
		{`0`, 64, 0, ""},
		{`null`, 64, 0, ""},
		{`-1.5e-3`, 64, -1.5e-3, ""},
		{`0.1`, 64, 0.1, ""},
		{`0.1`, 32, float64(float32(0.1)), ""},
		{`9007199254740993`, 64, 9007199254740992, ""},
		{`1e-400`, 64, 0, ""},
		{`1.7976931348623157e308`, 64, math.MaxFloat64, ""},
		{`1e400`, 64, 0, "must be of type number, not number 1e400"},
		{`-1e39`, 32, 0, "must be of type number, not number -1e39"},
		{`"1"`, 64, 0, "must be of type number, not string"},
		{`{}`, 64, 0, "must be of type number, not object"},
		{`1.`, 64, 0, "unexpected end of JSON input"},
		{`00`, 64, 0, "invalid character '0' after top-level value (byte 2)"},
		{`NaN`, 64, 0, "invalid character 'N' looking for beginning of value (byte 1)"},
	} {
		got, err := read(test.text, func(d *eventjson.Decoder) float64 { return d.Float(test.bits) })
		if reason := reasonOf(err); reason != test.reason || err == nil && got != test.want {
			t.Errorf("%s: got %v, %s, want %v, %s", test.text, got, reason, test.want, test.reason)
		}
	}
	if got, err := read(`-0`, func(d *eventjson.Decoder) float64 { return d.Float(64) }); err != nil || !math.Signbit(got) {
		t.Errorf("got %v, %v", got, err)
	}
}
