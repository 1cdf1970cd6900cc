package picture

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/bootledger/bootledger/boot/lsb"
	"github.com/bootledger/bootledger/snapshot"
)

// columnsOf says in which column each script of a boot goes, and what the
// columns are headed. Scripts with a link stand in the order of their links, one
// column for each sequence. What has no link stands after what it would wait for
// and before what waits for it, as far as that agrees with the order.
func columnsOf(boot snapshot.GraphBoot) (columns []int, headings []string) {
	type rank struct {
		action   lsb.Action
		sequence int
	}
	var ranks []rank
	for _, s := range boot.Scripts {
		if r := (rank{s.Action, s.Sequence}); s.Action != 0 && !slices.Contains(ranks, r) {
			ranks = append(ranks, r)
		}
	}
	slices.SortFunc(ranks, func(a, b rank) int { // K before S, as rc runs them
		return cmp.Or(cmp.Compare(a.action, b.action), a.sequence-b.sequence)
	})

	// A unit is what shares a column: the scripts of one rank, or one without a link.
	var units partial
	for i := range ranks {
		units.add()
		if i > 0 {
			units.after(i-1, i)
		}
	}
	unit := make([]int, len(boot.Scripts))
	for i, s := range boot.Scripts {
		if s.Action == 0 {
			unit[i] = units.add()
		} else {
			unit[i] = slices.Index(ranks, rank{s.Action, s.Sequence})
		}
	}
	for _, d := range boot.Dependencies {
		from, to := unit[d.From], unit[d.To]
		if max(from, to) >= len(ranks) && !units.reaches(to, from) {
			units.after(from, to)
		}
	}
	depth := units.depths()
	columns = make([]int, len(boot.Scripts))
	for i := range columns {
		columns[i] = depth[unit[i]]
		headings = append(headings, make([]string, max(0, columns[i]+1-len(headings)))...)
	}
	for i, r := range ranks {
		headings[depth[i]] = fmt.Sprintf("%c%02d", r.action, r.sequence)
	}
	return columns, headings
}

// partial is a partial order of the numbers from 0.
type partial [][]int

func (p *partial) add() int {
	*p = append(*p, nil)
	return len(*p) - 1
}

// after notes that b comes after a. It must not close a circle.
func (p *partial) after(a, b int) { (*p)[a] = append((*p)[a], b) }

// reaches reports whether b comes after a, or is a.
func (p *partial) reaches(a, b int) bool {
	seen := make([]bool, len(*p))
	for open := []int{a}; len(open) > 0; {
		at := open[len(open)-1]
		open = open[:len(open)-1]
		if at == b {
			return true
		}
		if !seen[at] {
			seen[at] = true
			open = append(open, (*p)[at]...)
		}
	}
	return false
}

// depths gives for each number how many must come before it, one after another.
func (p *partial) depths() []int {
	depth := make([]int, len(*p))
	waits := make([]int, len(*p))
	for _, later := range *p {
		for _, b := range later {
			waits[b]++
		}
	}
	var ready []int
	for a, n := range waits {
		if n == 0 {
			ready = append(ready, a)
		}
	}
	for len(ready) > 0 {
		a := ready[0]
		ready = ready[1:]
		for _, b := range (*p)[a] {
			depth[b] = max(depth[b], depth[a]+1)
			if waits[b]--; waits[b] == 0 {
				ready = append(ready, b)
			}
		}
	}
	return depth
}

// pair is a line to draw: the script to waits for the script from.
type pair struct{ from, to int }

// needed gives the dependencies that a picture has to show: one for each pair of
// scripts, and none that follows from others among scripts that run.
func needed(boot snapshot.GraphBoot, columns []int) []pair {
	next := make([][]int, len(boot.Scripts))
	for _, d := range boot.Dependencies {
		if !slices.Contains(next[d.From], d.To) {
			next[d.From] = append(next[d.From], d.To)
		}
	}
	inOrder := make([]int, len(boot.Scripts))
	for i := range inOrder {
		inOrder[i] = i
	}
	slices.SortStableFunc(inOrder, func(a, b int) int { return columns[a] - columns[b] })

	words := (len(boot.Scripts) + 63) / 64
	reach := make([][]uint64, len(boot.Scripts))
	for _, from := range slices.Backward(inOrder) {
		reach[from] = make([]uint64, words)
		for _, to := range next[from] {
			if columns[to] <= columns[from] {
				continue
			}
			reach[from][to/64] |= 1 << (to % 64)
			if boot.Scripts[to].Off == "" {
				for i, word := range reach[to] {
					reach[from][i] |= word
				}
			}
		}
	}
	var pairs []pair
	for _, from := range inOrder {
		for _, to := range next[from] {
			follows := slices.ContainsFunc(next[from], func(other int) bool {
				return boot.Scripts[other].Off == "" && columns[from] < columns[other] && columns[other] < columns[to] &&
					reach[other][to/64]&(1<<(to%64)) != 0
			})
			if !follows {
				pairs = append(pairs, pair{from, to})
			}
		}
	}
	return pairs
}
