package sse_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/sse"
)

// standard is the algorithm of the HTML standard, section 9.2.6, written literally and without
// regard to copies, with the decoder's limit.
func standard(input []byte, limit int) outcome {
	text := strings.TrimPrefix(decodeUTF8(input), "\ufeff")
	lines := strings.Split(strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n"), "\n")

	var o outcome
	var data, eventType, idBuffer string
	var retry time.Duration
	var size int
	var hasRetry, hasData, unfinished, tooLong bool
	for _, line := range lines[:len(lines)-1] {
		name, value, colon := strings.Cut(line, ":")
		if colon {
			value = strings.TrimPrefix(value, " ")
		}
		switch {
		case line == "":
			o.lastID = idBuffer
			if hasData {
				ev := event(eventType, o.lastID, strings.TrimSuffix(data, "\n"))
				ev.Retry, ev.HasRetry = retry, hasRetry
				if tooLong {
					ev.Data = nil
					o.tooLarge = append(o.tooLarge, len(o.events))
				}
				o.events = append(o.events, ev)
			}
			data, eventType, retry, size = "", "", 0, 0
			hasRetry, hasData, unfinished, tooLong = false, false, false, false
			continue
		case name == "":
			o.comments = append(o.comments, value)
			continue
		case name == "event":
			size += len(value)
			if len(value) <= limit {
				eventType = value
			}
		case name == "data":
			if hasData {
				size++
			}
			size += len(value)
			hasData = true
			data += value + "\n"
		case name == "id":
			size += len(value)
			if len(value) <= limit && !strings.Contains(value, "\x00") {
				idBuffer = value
			}
		case name == "retry":
			ms, err := strconv.ParseUint(value, 10, 63) // out of range, ParseUint returns the largest number
			if (err == nil || errors.Is(err, strconv.ErrRange)) && strings.Trim(value, "0123456789") == "" && len(value) <= 4096 {
				retry, hasRetry = time.Duration(min(ms, 9223372036854))*time.Millisecond, true
				o.retry, o.hasRetry = retry, true
			}
		}
		tooLong = tooLong || size > limit
		unfinished = true
	}
	o.err = io.EOF
	if unfinished || lines[len(lines)-1] != "" {
		o.err = io.ErrUnexpectedEOF
	}
	return o
}

// decodeUTF8 is the UTF-8 decoder of the Encoding standard, section 8.1.1, written literally.
func decodeUTF8(input []byte) string {
	var out strings.Builder
	var point rune
	var seen, needed int
	lower, upper := byte(0x80), byte(0xBF)
	for i := 0; i < len(input); i++ {
		b := input[i]
		if needed == 0 {
			switch {
			case b <= 0x7F:
				out.WriteByte(b)
			case b >= 0xC2 && b <= 0xDF:
				needed, point = 1, rune(b&0x1F)
			case b >= 0xE0 && b <= 0xEF:
				if b == 0xE0 {
					lower = 0xA0
				}
				if b == 0xED {
					upper = 0x9F
				}
				needed, point = 2, rune(b&0xF)
			case b >= 0xF0 && b <= 0xF4:
				if b == 0xF0 {
					lower = 0x90
				}
				if b == 0xF4 {
					upper = 0x8F
				}
				needed, point = 3, rune(b&0x7)
			default:
				out.WriteRune('\ufffd')
			}
			continue
		}
		if b < lower || b > upper {
			point, needed, seen, lower, upper = 0, 0, 0, 0x80, 0xBF
			i--
			out.WriteRune('\ufffd')
			continue
		}
		lower, upper = 0x80, 0xBF
		point = point<<6 | rune(b&0x3F)
		if seen++; seen == needed {
			out.WriteRune(point)
			point, needed, seen = 0, 0, 0
		}
	}
	if needed > 0 {
		out.WriteRune('\ufffd')
	}
	return out.String()
}

// pieces delivers input in reads of random sizes, including empty ones.
type pieces struct {
	input []byte
	rand  *rand.Rand
}

func (r *pieces) Read(p []byte) (int, error) {
	if len(r.input) == 0 {
		return 0, io.EOF
	}
	n := r.rand.IntN(8)
	if n == 7 {
		n = r.rand.IntN(8000)
	}
	n = copy(p[:min(n, len(p))], r.input)
	r.input = r.input[n:]
	if len(r.input) == 0 && r.rand.IntN(2) == 0 {
		return n, io.EOF
	}
	return n, nil
}

func FuzzDecode(f *testing.F) {
	for _, input := range []string{
		"event: a\ndata: b\nid: 1\n\n",
		"\ufeff:c\r\nretry: 5\r\ndata\r\ndata:d\r\n\r\n",
		"data:\xe4\xbd\rdata: \xf0\x9f\x92\rid:\x00\r\rid\r\r",
		"data: ~\nid: 2\n\nevent:~\nid: ~\ndata: e\n\n: ~\n~:\nretry: 1~\ndata: f\n\n",
		"id: \xff\xff\nevent: \xed\xa0\x80\ndata: \xf4\x90\ndata: \xc2\n\ndata",
	} {
		f.Add([]byte(input), uint16(0), uint64(1))
		f.Add([]byte(input), uint16(9), uint64(2))
		f.Add([]byte(input), uint16(4500), uint64(3))
	}
	f.Fuzz(func(t *testing.T, input []byte, limit uint16, seed uint64) {
		if bytes.Count(input, []byte("~")) > 8 {
			t.Skip("too long")
		}
		input = bytes.ReplaceAll(input, []byte("~"), bytes.Repeat([]byte("7"), 5000))
		n := int(limit)
		if n == 0 {
			n = sse.DefaultMaxEventSize
		}
		want := standard(input, n)
		for _, r := range []io.Reader{
			bytes.NewReader(input),
			&pieces{input, rand.New(rand.NewPCG(seed, 0))},
			&pieces{input, rand.New(rand.NewPCG(seed, 1))},
		} {
			d := sse.NewDecoder(nil)
			d.SetMaxEventSize(int(limit))
			got := decode(t, d, r)
			shorten(got.comments)
			shorten(want.comments)
			if !same(got, want) {
				t.Fatalf("limit %d, input %q:\n got %+v\nwant %+v", limit, input, got, want)
			}
		}
	})
}

// shorten cuts each comment to the length that a decoder at least delivers.
func shorten(comments []string) {
	for i, c := range comments {
		comments[i] = c[:min(len(c), 4<<10)]
	}
}

func FuzzRoundTrip(f *testing.F) {
	f.Add("content", []byte("17"), []byte("{\"a\":1}"), int64(2*time.Second), true)
	f.Add("", []byte(""), []byte(""), int64(0), false)
	f.Add("a\nb", []byte("1\r"), []byte("a\n\nb\n"), int64(-1), true)
	f.Add(" :", []byte(" \x00"), []byte("\n: data\nid: 5\n\n"), int64(9223372036854*time.Millisecond), true)
	f.Add("\ufeff", []byte("\xff"), []byte("\xe4\xbd\nevent: x"), int64(time.Microsecond), true)
	f.Fuzz(func(t *testing.T, name string, id, data []byte, retry int64, hasRetry bool) {
		want := sse.Event{Name: name, ID: id, Data: data, HasRetry: hasRetry}
		if hasRetry {
			want.Retry = time.Duration(retry)
		}
		block, err := sse.Append([]byte("before"), want)
		refused := strings.ContainsAny(name, "\r\n") || bytes.ContainsAny(id, "\r\n\x00") || bytes.ContainsAny(data, "\r") ||
			want.Retry < 0 || want.Retry%time.Millisecond != 0
		if refused != (err != nil) {
			t.Fatalf("error %v, want one: %v", err, refused)
		}
		if err != nil {
			if fe := new(sse.FieldError); !errors.As(err, &fe) || string(block) != "before" {
				t.Fatalf("error %T and %q, want a FieldError and nothing appended", err, block)
			}
			return
		}

		// The block is read twice, so that nothing of one can become part of the other.
		block = bytes.TrimPrefix(block, []byte("before"))
		got := decode(t, sse.NewDecoder(nil), io.MultiReader(bytes.NewReader(block), bytes.NewReader(block)))
		want.Name, want.ID, want.Data = decodeUTF8([]byte(name)), []byte(decodeUTF8(id)), []byte(decodeUTF8(data))
		if expected := (outcome{events: []sse.Event{want, want}, lastID: string(want.ID), retry: want.Retry, hasRetry: hasRetry, err: io.EOF}); !same(got, expected) {
			t.Fatalf("%q:\n got %+v\nwant %+v", block, got, expected)
		}
	})
}
