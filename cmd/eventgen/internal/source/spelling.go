package source

import (
	"slices"
	"strings"
)

// Nearest returns the name that a misspelt one probably means: it differs in case, or in one
// or two letters. It returns false if there is none.
func Nearest(misspelt string, names []string) (string, bool) {
	best, distance := "", 3
	for _, name := range slices.Sorted(slices.Values(names)) {
		d := editDistance(strings.ToLower(misspelt), strings.ToLower(name))
		if d < distance && d*3 < max(len(misspelt), len(name)) {
			best, distance = name, d
		}
	}
	return best, best != ""
}

// editDistance returns how many insertions, removals, changes and exchanges of neighbouring
// letters turn one word into another.
func editDistance(a, b string) int {
	x, y := []rune(a), []rune(b)
	rows := make([][]int, len(x)+1)
	for i := range rows {
		rows[i] = make([]int, len(y)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(x); i++ {
		for j := 1; j <= len(y); j++ {
			change := 1
			if x[i-1] == y[j-1] {
				change = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+change)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(x)][len(y)]
}
