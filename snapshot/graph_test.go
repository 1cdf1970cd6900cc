package snapshot

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// sketch tells a graph in lines.
func sketch(g *Graph) []string {
	var lines []string
	for _, row := range g.Rows {
		for i, b := range row.Boots {
			var words []string
			for _, s := range b.Scripts {
				word := s.Place() + s.Name
				if s.Off != "" {
					word += " (" + s.Off + ")"
				}
				words = append(words, word)
			}
			for _, d := range b.Dependencies {
				words = append(words, fmt.Sprintf("%s<%s by %s of %s", b.Scripts[d.From].Name, b.Scripts[d.To].Name, d.Key, d.Owner))
			}
			lines = append(lines, fmt.Sprintf("%s %s: %s", row.Runlevels, g.Points[i], strings.Join(words, ", ")))
		}
	}
	return lines
}

// TestGraph shows a boot in its order, and a script that overrides keep the
// others in their order without.
func TestGraph(t *testing.T) {
	const levels = "Default-Start: 2 3\nDefault-Stop: 0"
	script := func(name string, lines ...string) daemon {
		return daemon{name: name, mode: "0755", header: header(name, append(lines, strings.Split(levels, "\n")...)...)}
	}
	g := newGuest(t, t.TempDir(), squeeze, []daemon{
		script("s0", "X-Start-Before: app"),
		script("db", "Required-Start: $local_fs", "Required-Stop: $local_fs"),
		script("app", "Required-Start: db", "Required-Stop: db"),
		script("last", "Required-Start: $all"),
	})
	g.change(t, func(s *Session) (*Result, error) {
		return s.Disable(context.Background(), []string{"db"}, Changing{})
	})
	var graph *Graph
	if err := g.call(t, func(s *Session) (err error) {
		graph, err = s.Graph(GraphOptions{Before: "1"})
		return err
	}, trying); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"23 before transaction 1: S01s0, S02db, S03app, S04last, s0<db by Required-Start of db, db<app by Required-Start of app, s0<app by X-Start-Before of s0",
		"23 live: S01s0, S03app, S04last, db (disabled by transaction 1), db<app by Should-Start of app, s0<app by X-Start-Before of s0, s0<db by Required-Start of db",
		"0 before transaction 1: K01app, K01last, K02db, K03s0, app<db by Required-Stop of app, db<s0 by Required-Stop of db",
		"0 live: K01app, K01last, K03s0, db (disabled by transaction 1), app<db by Required-Stop of app, app<s0 by X-Stop-After of s0, db<s0 by Required-Stop of db",
	}
	if diff := cmp.Diff(want, sketch(graph)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}
