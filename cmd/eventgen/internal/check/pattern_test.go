package check

import (
	"regexp"
	"strings"
	"testing"
)

// TestPatterns translates patterns of ECMA-262 and matches with them according to its section
// 22.2, with the flag u.
func TestPatterns(t *testing.T) {
	for _, test := range []struct {
		pattern          string
		matches, misfits string // split at spaces; ~ stands for a space, ∅ for an empty text
	}{
		{`^[a-z]+$`, "abc", "aBc abc\n"},
		{`^\d+$`, "12", "١٢ a"},
		{`^.$`, "a é 😀 \u0085", "\n \r \u2028 \u2029 ab"},
		{`^\s$`, "~ \t \v \u00a0 \ufeff \u2003 \u3000", "a \u200b \u0085"},
		{`^\S$`, "a \u200b 😀 \u0085", "~ \v \u00a0 \ufeff"},
		{`^[\s-]$`, "~ - \u2028", "a"},
		{`^[^\s]$`, "a", "\u00a0"},
		{`^[\S]$`, "a", "\u00a0 ~"},
		{`^[^\S]$`, "\u00a0", "a"},
		{`^\u00e9\x41$`, "éA", "eA"},
		{`^\u{1F600}\uD83D\uDE00$`, "😀😀", "😀"},
		{`^[\u4e00-\u9fff]+$`, "中文", "abc"},
		{`^\p{L}\p{Lu}\p{Letter}$`, "éÉa", "1Aa"},
		{`^\p{Script=Greek}\P{sc=Greek}\p{gc=Nd}$`, "λa1", "aλ1"},
		{`^\cJ\0\t$`, "\n\x00\t", "J0t"},
		{`^[\b]$`, "\b", "b"},
		{`\bab\b`, "x-ab ab", "xab"},
		{`^[]a]?$`, "", "∅ a] a ]"},
		{`^[^]$`, "\n a", "∅ ab"},
		{`^[[:alpha:]]$`, "a] :] [] p]", "b] a"},
		{`^(?<year>\d{4})-(?:0[1-9]|1[0-2])$`, "2026-07", "2026-13"},
		{`^a\/b\-c\_d$`, "a/b-c_d", "ab"},
		{`^(a|b)*?c$`, "abac c", "ad"},
		{`^\$\.\[\]\\$`, `$.[]\`, "a"},
	} {
		text, err := goPattern(test.pattern)
		if err != nil {
			t.Errorf("%s: %v", test.pattern, err)
			continue
		}
		r := regexp.MustCompile(text)
		words := strings.NewReplacer("~", " ", "∅", "")
		for _, s := range split(test.matches) {
			if s = words.Replace(s); !r.MatchString(s) {
				t.Errorf("%s, as %s, does not match %q", test.pattern, text, s)
			}
		}
		for _, s := range split(test.misfits) {
			if s = words.Replace(s); r.MatchString(s) {
				t.Errorf("%s, as %s, matches %q", test.pattern, text, s)
			}
		}
	}
}

// TestPatternsThatAreNotChecked reads the reasons why Go cannot match them.
func TestPatternsThatAreNotChecked(t *testing.T) {
	const lookaround, notECMA = "Go's package regexp has no lookaround, such as ", "not a regular expression of ECMA-262"
	for pattern, want := range map[string]string{
		`(?=a)`:         lookaround + "(?=",
		`a(?!b)`:        lookaround + "(?!",
		`(?<=a)b`:       lookaround + "(?<=",
		`(?<!a)b`:       lookaround + "(?<!",
		`(a)\1`:         "Go's package regexp has no references to groups, such as \\1",
		`(?<n>a)\k<n>`:  "Go's package regexp has no references to groups, such as \\k",
		`\p{Emoji}`:     "Go's package regexp rejects it: ",
		`\p{scx=Greek}`: "Go's package regexp does not know \\p{scx=Greek}",
		`\p{Greek}`:     notECMA + `: \p{Greek} must be \p{Script=Greek}`,
		`\pL`:           "Go's package regexp does not know \\pL",
		`\uD800`:        "text cannot contain the character \\uD800",
		`\u12`:          notECMA + `: \u is invalid`,
		`(?i)a`:         notECMA + ": (?i is invalid",
		`(?P<n>a)`:      notECMA + ": (?P is invalid",
		`\Aa\z`:         notECMA + `: \A is invalid`,
		`\Qa\E`:         notECMA + `: \Q is invalid`,
		`a\`:            notECMA,
		`a{1001}`:       "Go's package regexp rejects it: invalid repeat count",
		`(a`:            "Go's package regexp rejects it: missing closing )",
		`[b-a]`:         "Go's package regexp rejects it: invalid character class range",
		`a++`:           "Go's package regexp rejects it: invalid nested repetition operator",
	} {
		if text, err := goPattern(pattern); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: got %s, %v, want %s", pattern, text, err, want)
		}
	}
}

// FuzzPattern translates arbitrary text: the result compiles, or there is a reason.
func FuzzPattern(f *testing.F) {
	for _, pattern := range []string{`^[\s\S]\uD83D\uDE00[^]$`, `\p{L}[[\]`, `\`, `[\b-\x]`, `(?<a>.)`} {
		f.Add(pattern)
	}
	f.Fuzz(func(t *testing.T, pattern string) {
		if text, err := goPattern(pattern); err == nil {
			regexp.MustCompile(text)
		}
	})
}

// split splits at plain spaces only; an empty text has no parts.
func split(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, " ")
}
