package excerpt_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"testing/slogtest"
	"unicode/utf8"

	"github.com/mixstream/mixstream/internal/excerpt"
)

func TestQuote(t *testing.T) {
	long := strings.Repeat("x", 100)
	for s, want := range map[string]string{
		"":                                  `""`,
		"a\n\"b\"":                          `"a\n\"b\""`,
		long:                                `"` + long + `"`,
		long + "y":                          `"` + long + `"… (101 bytes)`,
		long[:99] + "é":                     `"` + long[:99] + `"… (101 bytes)`,
		long[:97] + "😀":                     `"` + long[:97] + `"… (101 bytes)`,
		strings.Repeat("é", 50):             `"` + strings.Repeat("é", 50) + `"`,
		strings.Repeat("\x80", 1000):        `"` + strings.Repeat(`\x80`, 100) + `"… (1000 bytes)`,
		strings.Repeat("\x00", 1000):        `"` + strings.Repeat(`\x00`, 100) + `"… (1000 bytes)`,
		long[:98] + "\xff\xfe\xfd" + "tail": `"` + long[:98] + `\xff\xfe"… (105 bytes)`,
	} {
		if got := excerpt.Quote(s); got != want {
			t.Errorf("%q:\n got %s\nwant %s", s, got, want)
		}
	}
}

// The excerpt of any text stays within its bound, cuts no character, tells that it is cut, and
// stays below 4 KiB as JSON.
func TestBound(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	alphabet := []string{"x", "é", "😀", "\x00", "\x80", "\xff", "<", `"`, `\`, "\u2028", "\U0010ffff", "\n"}
	for range 3000 {
		var b strings.Builder
		one := random.IntN(len(alphabet))
		for n := random.IntN(1500); b.Len() < n; {
			if random.IntN(3) == 0 {
				one = random.IntN(len(alphabet))
			}
			b.WriteString(alphabet[one])
		}
		s := b.String()
		for what, got := range map[string]string{"text": excerpt.Text(s), "quote": excerpt.Quote(s)} {
			limit := map[string]int{"text": excerpt.MaxText, "quote": excerpt.MaxQuote}[what]
			cut := "… (" + strconv.Itoa(len(s)) + " bytes)"
			if (len(s) > limit) != strings.HasSuffix(got, cut) {
				t.Fatalf("%s of %q: %q", what, s, got)
			}
			head := strings.TrimSuffix(got, cut)
			if what == "quote" {
				var err error
				if head, err = strconv.Unquote(head); err != nil {
					t.Fatalf("quote of %q: %q", s, got)
				}
			}
			if len(head) > limit || !strings.HasPrefix(s, head) || utf8.ValidString(s) && !utf8.ValidString(head) {
				t.Fatalf("%s of %q: %q", what, s, got)
			}
			if text, err := json.Marshal(got); err != nil || len(text) >= 4<<10 {
				t.Fatalf("%s of %q: %d bytes of JSON", what, s, len(text))
			}
		}
	}
}

func TestError(t *testing.T) {
	if excerpt.Error(nil) != nil || excerpt.Error(fs.ErrExist) != fs.ErrExist { //nolint:errorlint // must be identical
		t.Error("a short error is another one")
	}
	err := excerpt.Error(errors.Join(errors.New(strings.Repeat("x", 1<<20)), fs.ErrExist))
	if !errors.Is(err, fs.ErrExist) || len(err.Error()) > excerpt.MaxText+30 {
		t.Errorf("%.50s… of %d bytes", err, len(err.Error()))
	}
}

func TestLogger(t *testing.T) {
	huge := strings.Repeat("x", 1<<20)
	var out bytes.Buffer
	l := excerpt.Logger(slog.New(slog.NewJSONHandler(&out, nil)))
	l.With("a", huge).WithGroup("g").Info(huge, "b", huge, "error", errors.New(huge), slog.Group("c", "d", huge), "n", 5, "nil", nil, "stack", excerpt.Whole(strings.Repeat("y", 2000)))
	if out.Len() > 5*excerpt.MaxText+2500 || !strings.Contains(out.String(), `"stack":"`+strings.Repeat("y", 2000)+`"`) || strings.Count(out.String(), "(1048576 bytes)") != 5 || !strings.Contains(out.String(), `"n":5,"nil":null`) {
		t.Errorf("%d bytes: %.5000s", out.Len(), out.String())
	}
	if excerpt.Logger(l) != l {
		t.Error("what is bounded is bounded again")
	}
}

// The handler behaves like any other.
func TestHandler(t *testing.T) {
	var out bytes.Buffer
	slogtest.Run(t, func(*testing.T) slog.Handler {
		out.Reset()
		return excerpt.Logger(slog.New(slog.NewJSONHandler(&out, nil))).Handler()
	}, func(t *testing.T) (line map[string]any) {
		if err := json.Unmarshal(out.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		return line
	})
}
