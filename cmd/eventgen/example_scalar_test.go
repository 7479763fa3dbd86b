package main

import (
	"encoding/json"
	"math"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
)

// formatted holds strings for formats with their own Go type or a narrow syntax. Each has two:
// the second is longer.
var formatted = map[string][2]string{
	"date-time": {"2026-01-02T03:04:05Z", "2026-01-02T03:04:05.123456789+05:30"},
	"date":      {"2026-01-02", "9999-12-31"},
	"time":      {"03:04:05Z", "03:04:05.123+05:30"},
	"duration":  {"PT1H", "P1DT2H3M4S"},
	"uuid":      {"00000000-0000-0000-0000-000000000000", "0190b0a2-1111-7222-8333-0123456789ab"},
	"email":     {"a@example.com", "ann.o'neil+tag@mail.example.com"},
	"uri":       {"https://example.com", "https://example.com/a%2Fb?q=%F0%9F%8E%89#f"},
	"hostname":  {"example.com", "a-b.example.com"},
	"ipv4":      {"127.0.0.1", "255.255.255.255"},
	"ipv6":      {"::1", "2001:db8::ff00:42:8329"},
	"byte":      {"", "8J+OiQD/+w=="},
	"binary":    {"", "8J+OiQD/+w=="},
	"int32":     {"0", "2147483647"},
	"int64":     {"0", "9223372036854775807"},
	"float":     {"0", "0.5"},
	"double":    {"0", "9007199254740992"},
}

// hardString contains everything that a decoder, a line or a script may handle wrongly:
// characters beyond 16 bits and joined ones, combining marks, right-to-left text, line and
// paragraph separators, control characters, and the characters that JSON and HTML escape.
const hardString = "Zoë e\u0301 🎉👩\u200d💻 שלום \u202eabc\u202c \u2028\u2029\u0085 \u0000\u001f\u007f \\ \" </script> ﷽\uffff"

// hardText is hardString with lines that look like fields of an event.
const hardText = " leading\n\n: comment\ndata: x\nid: 7\nevent:\n" + hardString + "\ufeff\ntrailing \n"

// string returns a string that fits all parts.
func (x *examples) string(parts []*openapi3.Schema) (string, bool) {
	least, most := uint64(0), uint64(math.MaxInt32)
	var patterns []string
	format := ""
	for _, s := range parts {
		least = max(least, s.MinLength)
		if s.MaxLength != nil {
			most = min(most, *s.MaxLength)
		}
		if s.Pattern != "" {
			patterns = append(patterns, s.Pattern)
		}
		if s.Format != "" {
			format = s.Format
		}
	}
	if values, ok := formatted[format]; ok {
		text := values[1]
		if x.mode == exampleRequired && values[0] != "" {
			text = values[0]
		}
		return text, matches(text, patterns, least, most)
	}
	if len(patterns) > 0 {
		for length := range 64 {
			text, ok := patternExample(patterns[0], length, x.choice)
			if ok && matches(text, patterns, least, most) {
				return text, true
			}
		}
		x.unmatched = append(x.unmatched, patterns...)
		return "", false
	}
	text := "text"
	switch x.mode {
	case exampleRequired:
		text = ""
		if x.text {
			text = "a" // browsers do not deliver an event without data
		}
	case exampleUnicode:
		text = hardString
		if x.text {
			text = hardText
		}
	}
	if x.item > 0 {
		text = strconv.Itoa(x.item) + text
	}
	if missing := int(least) - utf8.RuneCountInString(text); missing > 0 {
		text += strings.Repeat("é", missing)
	}
	if runes := []rune(text); uint64(len(runes)) > most {
		text = string(runes[:most])
	}
	return text, true
}

// matches reports whether a string matches all patterns and has a length within limits.
func matches(text string, patterns []string, least, most uint64) bool {
	length := uint64(utf8.RuneCountInString(text))
	return length >= least && length <= most && !slices.ContainsFunc(patterns, func(pattern string) bool {
		r, err := regexp.Compile(pattern)
		return err != nil || !r.MatchString(text)
	})
}

// goIntegers are the bounds of the Go types of integers, by format (the default is int).
var goIntegers = map[string][2]string{
	"":       {"-9223372036854775808", "9223372036854775807"},
	"int8":   {"-128", "127"},
	"int16":  {"-32768", "32767"},
	"int32":  {"-2147483648", "2147483647"},
	"uint":   {"0", "18446744073709551615"},
	"uint8":  {"0", "255"},
	"uint16": {"0", "65535"},
	"uint32": {"0", "4294967295"},
	"uint64": {"0", "18446744073709551615"},
}

// number returns a number that fits all parts, and its Go type without loss.
func (x *examples) number(kind string, parts []*openapi3.Schema) (json.Number, bool) {
	format := ""
	for _, s := range parts {
		if s.Format != "" {
			format = s.Format
		}
	}
	bounds, ok := goIntegers[format]
	if !ok {
		bounds = goIntegers[""]
	}
	bits := 64
	if kind == openapi3.TypeNumber || x.loose {
		bounds = [2]string{"-9007199254740992", "9007199254740992"} // 2^53
		if format == "float" || format != "double" && !x.wide && !x.loose {
			bits, bounds = 32, [2]string{"-16777216", "16777216"} // 2^24
		}
	}
	low, high := rational(bounds[0]), rational(bounds[1])
	step := new(big.Rat)
	for _, s := range parts {
		low, high = narrowed(s, low, high, kind)
		if s.MultipleOf != nil {
			step = rational(strconv.FormatFloat(*s.MultipleOf, 'g', -1, 64))
		}
	}
	number := rational("0")
	switch {
	case x.mode == exampleLargest && x.pick(2) == 0:
		number = high
	case x.mode == exampleLargest:
		number = low
	case x.mode == exampleFull && kind == openapi3.TypeInteger:
		number = rational(strconv.Itoa(3 + x.item))
	case x.mode == exampleFull:
		number = rational(strconv.FormatFloat(1.5+float64(x.item), 'g', -1, 64))
	case x.mode == exampleUnicode:
		number = rational(strconv.Itoa(-7 - x.item))
	}
	if number.Cmp(low) < 0 {
		number = low
	}
	if number.Cmp(high) > 0 {
		number = high
	}
	if step.Sign() > 0 {
		number = multiple(number, step, low)
	}
	if kind == openapi3.TypeInteger {
		return json.Number(number.Num().String()), number.IsInt()
	}
	text := number.RatString()
	if !number.IsInt() {
		f, _ := number.Float64()
		text = strconv.FormatFloat(f, 'g', -1, bits)
	}
	return json.Number(text), low.Cmp(high) <= 0
}

// narrowed returns the bounds that a schema leaves.
func narrowed(s *openapi3.Schema, low, high *big.Rat, kind string) (newLow, newHigh *big.Rat) {
	inside := func(limit *float64, exclusive bool, sign float64) *big.Rat {
		if limit == nil {
			return nil
		}
		value := *limit
		switch {
		case math.Abs(value) > 1<<53: // the schema may have had another number
			value = math.Nextafter(value, math.Inf(int(-sign)))
		case exclusive && kind == openapi3.TypeInteger:
			value -= sign
		case exclusive:
			value -= sign * max(1, math.Abs(value)) / 1024
		}
		r := new(big.Rat).SetFloat64(value)
		if kind == openapi3.TypeInteger && !r.IsInt() {
			whole := new(big.Int).Div(r.Num(), r.Denom()) // rounded down
			if sign < 0 {
				whole.Add(whole, big.NewInt(1))
			}
			r.SetInt(whole)
		}
		return r
	}
	least, more := bounds(s.Min, s.ExclusiveMin)
	most, less := bounds(s.Max, s.ExclusiveMax)
	for _, limit := range []*big.Rat{inside(least, false, -1), inside(more, true, -1)} {
		if limit != nil && limit.Cmp(low) > 0 {
			low = limit
		}
	}
	for _, limit := range []*big.Rat{inside(most, false, 1), inside(less, true, 1)} {
		if limit != nil && limit.Cmp(high) < 0 {
			high = limit
		}
	}
	return low, high
}

// bounds returns the inclusive and the exclusive limit: in OpenAPI 3.0 a boolean beside a
// limit makes it exclusive.
func bounds(limit *float64, exclusive openapi3.ExclusiveBound) (inclusiveLimit, exclusiveLimit *float64) {
	if exclusive.Bool != nil && *exclusive.Bool {
		return nil, limit
	}
	return limit, exclusive.Value
}

// multiple returns the nearest multiple of step below a number, or above it if that is below
// low.
func multiple(number, step, low *big.Rat) *big.Rat {
	times := new(big.Rat).Quo(number, step)
	whole := new(big.Int).Div(times.Num(), times.Denom())
	result := new(big.Rat).Mul(new(big.Rat).SetInt(whole), step)
	if result.Cmp(low) < 0 {
		result.Add(result, step)
	}
	return result
}

func rational(text string) *big.Rat {
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		panic(text) // the text is a number
	}
	return r
}
