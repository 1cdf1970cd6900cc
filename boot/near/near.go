// Package near finds the names that a user may have meant.
package near

import (
	"slices"
	"strings"
)

// Names gives at most n of the known names that a user who typed name may have
// meant, the likeliest first.
func Names(name string, known []string, n int) []string {
	type guess struct {
		name     string
		distance int
	}
	var guesses []guess
	for _, k := range known {
		distance := editDistance(name, k)
		if strings.HasPrefix(k, name) || strings.HasPrefix(name, k) {
			distance = 1
		}
		if distance <= 1+len(name)/4 {
			guesses = append(guesses, guess{k, distance})
		}
	}
	slices.SortStableFunc(guesses, func(a, b guess) int { return a.distance - b.distance })
	var names []string
	for _, g := range guesses[:min(n, len(guesses))] {
		names = append(names, g.name)
	}
	return names
}

// editDistance counts the bytes to insert, delete, replace or swap with their
// neighbour to make b of a.
func editDistance(a, b string) int {
	var older, old []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		older, old, row = old, row, make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			replace := old[j-1]
			if a[i-1] != b[j-1] {
				replace++
			}
			row[j] = min(replace, old[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], older[j-2]+1)
			}
		}
	}
	return row[len(b)]
}
