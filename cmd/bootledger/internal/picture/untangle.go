package picture

import (
	"cmp"
	"slices"
)

// sweeps is how often untangle goes over the columns: further ones hardly ever
// find a better order.
const sweeps = 12

// untangle sorts the slots of each column so that few lines cross: time and
// again each slot goes to the mean place of what it is joined to in the column
// before, then in the column after (Sugiyama, Tagawa, Toda 1981), and the best
// order stays.
func (l *layout) untangle() {
	best, fewest := l.orders(), l.crossings()
	for sweep := 0; sweep < sweeps && fewest > 0; sweep++ {
		if sweep%2 == 0 {
			for i := range l.columns[1:] {
				l.columns[i+1].sortBy(l.columns[i], func(s *slot) []*slot { return s.left })
			}
		} else {
			for i := len(l.columns) - 2; i >= 0; i-- {
				l.columns[i].sortBy(l.columns[i+1], func(s *slot) []*slot { return s.right })
			}
		}
		if n := l.crossings(); n < fewest {
			best, fewest = l.orders(), n
		}
	}
	for i := range l.columns {
		l.columns[i].slots = best[i]
	}
}

func (l *layout) orders() [][]*slot {
	orders := make([][]*slot, 0, len(l.columns))
	for _, c := range l.columns {
		orders = append(orders, slices.Clone(c.slots))
	}
	return orders
}

// sortBy sorts a column by the mean place of what its slots are joined to in
// another one. A slot that is joined to nothing there stays where it is.
func (c *column) sortBy(fixed column, joined func(*slot) []*slot) {
	place := places(fixed)
	mean := make(map[*slot]float64, len(c.slots))
	var moving []*slot
	for _, s := range c.slots {
		others := joined(s)
		if len(others) == 0 {
			continue
		}
		sum := 0
		for _, other := range others {
			sum += place[other]
		}
		mean[s] = float64(sum) / float64(len(others))
		moving = append(moving, s)
	}
	slices.SortStableFunc(moving, func(a, b *slot) int { return cmp.Compare(mean[a], mean[b]) })
	for i, s := range c.slots {
		if _, moves := mean[s]; moves {
			c.slots[i], moving = moving[0], moving[1:]
		}
	}
}

func places(c column) map[*slot]int {
	place := make(map[*slot]int, len(c.slots))
	for i, s := range c.slots {
		place[s] = i
	}
	return place
}

// crossings counts the pairs of lines that cross between columns.
func (l *layout) crossings() int {
	count := 0
	for i := 1; i < len(l.columns); i++ {
		place := places(l.columns[i])
		seen := make([]int, len(l.columns[i].slots)+1) // how many lines end up to a place: a Fenwick tree
		ended := 0
		for _, from := range l.columns[i-1].slots {
			for _, to := range from.right {
				count += ended
				for at := place[to] + 1; at > 0; at -= at & -at {
					count -= seen[at]
				}
			}
			for _, to := range from.right {
				for at := place[to] + 1; at < len(seen); at += at & -at {
					seen[at]++
				}
				ended++
			}
		}
	}
	return count
}
