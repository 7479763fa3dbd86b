package sse_test

import (
	"io"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/sse"
)

// Each maximal subpart of an ill-formed sequence becomes one U+FFFD, according to the Encoding
// standard, section 8.1.1, and the Unicode standard, table 3-8 and the text around it.
func TestInvalidUTF8(t *testing.T) {
	tests := []struct{ name, input, want string }{
		{"nothing invalid", "aé流🎉", "aé流🎉"},
		{"non-shortest forms", "\xc0\xaf\xe0\x80\xbf\xf0\x81\x82A", "��������A"},
		{"surrogates", "\xed\xa0\x80\xed\xbf\xbf\xed\xafA", "��������A"},
		{"beyond U+10FFFF", "\xf4\x91\x92\x93\xffA\x80\xbfB", "�����A��B"},
		{"truncated sequences", "\xe1\x80\xe2\xf0\x91\x92\xf1\xbfA", "����A"},
		{"a lone continuation", "\x80", "�"},
		{"a lone start", "\xc3", "�"},
		{"two of three", "\xe6\xb5", "�"},
		{"three of four", "\xf0\x9f\x8e", "�"},
		{"a start before ASCII", "\xf0\x9f\x8ea", "�a"},
		{"a start before a start", "\xf0\x9f\xf0\x9f\x8e\x89", "�🎉"},
		{"bytes that never occur", "\xc0\xc1\xf5\xf8\xfc\xfe\xff", "�������"},
		{"U+FFFD itself", "\ufffd", "\ufffd"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := decodeUTF8([]byte(tt.input)); got != tt.want {
				t.Fatalf("the oracle says %q, want %q", got, tt.want)
			}
			// The end of the line cuts a sequence off in each field.
			input := ": " + tt.input + "\nevent: " + tt.input + "\ndata: " + tt.input + "\ndata: " + tt.input + "\nid: " + tt.input + "\n\n"
			want := outcome{events: []sse.Event{event(tt.want, tt.want, tt.want+"\n"+tt.want)}, comments: []string{tt.want}, lastID: tt.want, err: io.EOF}
			everyWay(input, func(way string, r io.Reader) {
				if got := decode(t, sse.NewDecoder(nil), r); !same(got, want) {
					t.Fatalf("%s:\n got %+v\nwant %+v", way, got, want)
				}
			})
		})
	}
}

// The decoder checks several bytes of ASCII at a time. It must find an invalid byte at any
// place in a value of any length.
func TestInvalidUTF8Anywhere(t *testing.T) {
	for _, seq := range []string{"\xff", "\xe6\xb5", "流"} {
		for n := range 150 {
			for i := range n + 1 {
				value := strings.Repeat("a", i) + seq + strings.Repeat("a", n-i)
				d := sse.NewDecoder(strings.NewReader("data:" + value + "\n\n"))
				ev, err := d.Next()
				if want := decodeUTF8([]byte(value)); err != nil || string(ev.Data) != want {
					t.Fatalf("%q: got %q, %v, want %q", value, ev.Data, err, want)
				}
			}
		}
	}
}

// An ill-formed beginning of a name is not a name.
func TestInvalidUTF8InNames(t *testing.T) {
	d := sse.NewDecoder(strings.NewReader("\xffdata: a\ndata\xff: b\nda\xe6\xb5ta: c\ndata: d\n\n"))
	if ev, err := d.Next(); err != nil || string(ev.Data) != "d" {
		t.Errorf("got %q, %v, want d", ev.Data, err)
	}
}
