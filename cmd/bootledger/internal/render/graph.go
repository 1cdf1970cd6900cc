package render

import (
	"github.com/bootledger/bootledger/snapshot"
)

type graphJSON struct {
	Runlevels []string        `json:"runlevels"`
	Boots     []graphBootJSON `json:"boots"`
}

type graphBootJSON struct {
	Point        string           `json:"point"`
	Scripts      []graphScript    `json:"scripts"`
	Dependencies []dependencyJSON `json:"dependencies"`
}

type graphScript struct {
	Name    string `json:"name"`
	Place   string `json:"place"`
	Off     string `json:"off"`
	Package string `json:"package"`
}

type dependencyJSON struct {
	Script string `json:"script"`
	After  string `json:"after"`
	Key    string `json:"key"`
	Header string `json:"header"`
}

// Graph shows a boot as JSON; package picture draws it.
func (v *View) Graph(g *snapshot.Graph) error {
	out := []graphJSON{}
	for _, r := range g.Rows {
		row := graphJSON{Boots: []graphBootJSON{}}
		for _, level := range r.Runlevels {
			row.Runlevels = append(row.Runlevels, level.String())
		}
		for i, b := range r.Boots {
			boot := graphBootJSON{Point: g.Points[i], Scripts: []graphScript{}, Dependencies: []dependencyJSON{}}
			for _, s := range b.Scripts {
				boot.Scripts = append(boot.Scripts, graphScript{Name: s.Name, Place: s.Place(), Off: s.Off, Package: s.Package})
			}
			for _, d := range b.Dependencies {
				boot.Dependencies = append(boot.Dependencies, dependencyJSON{
					Script: b.Scripts[d.To].Name, After: b.Scripts[d.From].Name, Key: string(d.Key), Header: d.Owner,
				})
			}
			row.Boots = append(row.Boots, boot)
		}
		out = append(out, row)
	}
	return v.json(out)
}
