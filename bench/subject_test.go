package main

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/sse"
)

// small returns every corpus, with fewer events than the measurements use.
func small() []*corpus {
	return []*corpus{
		tokens(1000), tokensCRLF(1000), paragraphs(50), lines64(3), lines64CJK(3), large(256 << 10),
	}
}

func TestSubjectsDeliverEveryEvent(t *testing.T) {
	for _, s := range append(subjects(), grownDecoder()) {
		for _, c := range small() {
			t.Run(s.name+"/"+c.name, func(t *testing.T) {
				if err := s.check(c); err != nil {
					t.Error(err)
				}
				if err := s.job(c).run(); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

func TestFloorsCountEveryEvent(t *testing.T) {
	for _, c := range small() {
		if n := scanLines(c); n != c.events {
			t.Errorf("%s: scanLines finds %d events, want %d", c.name, n, c.events)
		}
		if n := validate(c); n != c.events {
			t.Errorf("%s: validate finds %d events, want %d", c.name, n, c.events)
		}
		for _, chunk := range []int{0, 1, 7, segment} {
			pieces := *c
			pieces.chunk = chunk
			if n := scanRead(&pieces); n != c.events {
				t.Errorf("%s in reads of %d: scanRead finds %d events, want %d", c.name, chunk, n, c.events)
			}
		}
	}
}

func TestCorpora(t *testing.T) {
	for _, c := range small() {
		size := 0
		for i := range c.events {
			size += len(c.want(i).data)
		}
		if size != c.size {
			t.Errorf("%s: %d bytes of data, want %d", c.name, c.size, size)
		}
		got, err := io.ReadAll(c.reader())
		if err != nil || !bytes.Equal(got, c.input) {
			t.Errorf("%s: the reader returns %d bytes of %d, and error %v", c.name, len(got), len(c.input), err)
		}
	}
	if c := tokens(10); len(c.input) != 10*114 {
		t.Errorf("a token event has %d bytes, want 114", len(c.input)/10)
	}
}

// A check must find every error of a subject, and a measurement at least that something is
// missing.
func TestCheckFindsMistakes(t *testing.T) {
	c := tokens(10)
	tests := map[string]func(c *corpus, each func(event)) error{
		"an event lost": func(c *corpus, each func(event)) error {
			n := 0
			return readPlain(c, func(e event) {
				if n++; n != 5 {
					each(e)
				}
			})
		},
		"an event twice": func(c *corpus, each func(event)) error {
			n := 0
			return readPlain(c, func(e event) {
				if n++; n == 10 {
					each(e)
				}
				each(e)
			})
		},
		"a byte too many": func(c *corpus, each func(event)) error {
			return readPlain(c, func(e event) {
				e.data = []byte(string(e.data) + "\n")
				each(e)
			})
		},
		"an error": func(*corpus, func(event)) error { return errors.New("broken") },
	}
	for name, read := range tests {
		t.Run(name, func(t *testing.T) {
			s := &subject{read: read}
			if s.check(c) == nil {
				t.Error("the check finds nothing")
			}
			if s.job(c).run() == nil {
				t.Error("the measurement finds nothing")
			}
		})
	}
	t.Run("another id", func(t *testing.T) {
		s := &subject{read: func(c *corpus, each func(event)) error {
			return readPlain(c, func(e event) {
				e.id = nil
				each(e)
			})
		}}
		if s.check(c) == nil {
			t.Error("the check finds nothing")
		}
		if s.noID = true; s.check(c) != nil {
			t.Error("a subject that reports no ids fails for it")
		}
	})
}

// The plain parser is a floor only if it is correct.
func TestPlainParserIsCorrect(t *testing.T) {
	tests := []string{
		"",
		"\n\n\n",
		"data: a\n\n",
		"\ufeffdata: a\n\n",
		"\ufeff\ufeffdata: a\n\n",
		"data:a\r\rdata: b\r\n\r\ndata:  c\n\n",
		"data: a\r\n\n",
		"data: a\rdata: b\ndata: c\r\n\r\n",
		"data\n\ndata:\n\ndata: \n\n",
		"data\ndata\n\n",
		"data: a\ndata\ndata: b\n\n",
		"event: x\n\ndata: a\n\n",
		"event: x\ndata: a\n\ndata: b\n\n",
		"event: x\nevent\ndata: a\n\n",
		"id: 1\n\ndata: a\n\n",
		"id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n",
		"id: 1\x002\ndata: a\n\n",
		"id: 1\ndata: a\n\nid: 2\ndata: b\n",
		"data: a\n\ndata: b",
		": comment\ndata: a\n:\n\n",
		"datax: a\ndat: b\nData: c\n data: d\ndata : e\nretry: 5\n\n",
		"data: \xff\nid: \xfe\nevent: \xc0\n\n",
		"data: 流\nevent: 式\n\n",
		strings.Repeat("data: a\ndata: b\n\n", 3),
	}
	for _, input := range tests {
		var want []event
		d := sse.NewDecoder(strings.NewReader(input))
		for {
			e, err := d.Next()
			if err != nil {
				break
			}
			e = e.Clone()
			want = append(want, event{name: []byte(e.Name), id: e.ID, data: e.Data})
		}
		p := newPlain([]byte(input))
		for i, e := range want {
			if !p.next() {
				t.Errorf("%q: %d events, want %d", input, i, len(want))
				break
			}
			if err := new(subject).compare(p.event, e, i); err != nil {
				t.Errorf("%q: %v", input, err)
			}
		}
		if p.next() {
			t.Errorf("%q: more than %d events", input, len(want))
		}
	}
}
