package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// A mark among JSON data ends the stream; a word of any language does not.
func TestMark(t *testing.T) {
	for text, isMark := range map[string]bool{
		"[DONE]": true, "<end>": true, "✓": true,
		"done": false, "5": false, "état": false, "完了": false, "": false,
	} {
		spec := editFile(t, "testdata/specs/assistants.yaml", "{type: string, enum: ['[DONE]']}", fmt.Sprintf("{type: string, enum: [%q]}", text))
		_, warnings, err := generate(spec, testConfig)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if got := slices.ContainsFunc(warnings, func(w string) bool {
			return strings.Contains(w, fmt.Sprintf("createChat: the text %q among JSON data is treated as the end", text))
		}); got != isMark {
			t.Errorf("%q: treated as the end: %t; %q", text, got, warnings)
		}
	}
}
