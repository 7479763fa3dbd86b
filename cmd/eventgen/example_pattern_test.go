package main

import (
	"regexp"
	"regexp/syntax"
	"strings"
	"testing"
)

// patternExample returns a string that a pattern matches, with the given number of repetitions
// where the pattern leaves it open. It returns false for unsupported elements, such as \b.
func patternExample(pattern string, repetitions, choice int) (string, bool) {
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return "", false
	}
	var b strings.Builder
	ok := writeMatch(&b, parsed, repetitions, choice)
	return b.String(), ok
}

func writeMatch(b *strings.Builder, r *syntax.Regexp, repetitions, choice int) bool {
	least, most := 1, 1
	switch r.Op {
	case syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText:
		return true
	case syntax.OpLiteral:
		b.WriteString(string(r.Rune))
		return true
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		b.WriteRune('é')
		return true
	case syntax.OpCharClass:
		if len(r.Rune) == 0 {
			return false
		}
		// A class is a list of pairs of bounds; a negated one begins at a control character.
		low, high := r.Rune[0], r.Rune[1]
		for i := 0; i < len(r.Rune) && low < '!'; i += 2 {
			low, high = max(r.Rune[i], '!'), r.Rune[i+1]
		}
		b.WriteRune(min(low+rune(choice%3), high))
		return true
	case syntax.OpAlternate:
		return writeMatch(b, r.Sub[choice%len(r.Sub)], repetitions, choice)
	case syntax.OpStar:
		least, most = 0, repetitions
	case syntax.OpPlus:
		least, most = 1, repetitions
	case syntax.OpQuest:
		least, most = 0, min(repetitions, 1)
	case syntax.OpRepeat:
		least, most = r.Min, repetitions
		if r.Max >= 0 {
			most = min(repetitions, r.Max)
		}
	case syntax.OpCapture, syntax.OpConcat:
	default:
		return false
	}
	for range max(least, most) {
		for _, sub := range r.Sub {
			if !writeMatch(b, sub, repetitions, choice) {
				return false
			}
		}
	}
	return true
}

// TestPatternExample makes strings for patterns, and reports those that it cannot make.
func TestPatternExample(t *testing.T) {
	for pattern, want := range map[string]bool{
		`^[A-Z]{1,6}$`: true, `^[a-zA-Z0-9_]+_[a-zA-Z0-9_]+$`: true, `^\d{3}-\d{4}$`: true, `^(foo|b[ae]r)+x?$`: true,
		`[^a-z]`: true, `^.{3,}$`: true, `^(?i)abc$`: true, `^\p{Greek}+$`: true, `^a*$`: true, `^$`: true,
		`\bfoo\b`: false, `^(?=a)`: false,
	} {
		for choice := range 4 {
			text, ok := patternExample(pattern, 2, choice)
			if ok != want || ok && !regexp.MustCompile(pattern).MatchString(text) {
				t.Errorf("%s: got %q, %t", pattern, text, ok)
			}
		}
	}
}
