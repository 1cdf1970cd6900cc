package ordertest

import (
	"fmt"
	"slices"

	"github.com/bootledger/bootledger/boot/lsb"
)

// links adds entries of runlevel directories that were there before the first
// call, some scripts several times.
func (g *generator) links() {
	if g.chance(40) {
		return
	}
	taken := map[string]bool{}
	for range g.IntN(len(g.tree.Scripts) + 3) {
		dir := "rc" + pick(g, "0", "1", "2", "3", "4", "5", "6", "S") + ".d"
		script := pick(g, g.tree.Scripts...)
		for range pick(g, 1, 1, 1, 1, 2, 3) {
			link := g.link(dir, script)
			if path := dir + "/" + link.Base; !taken[path] {
				taken[path] = true
				g.tree.Links = append(g.tree.Links, link)
			}
		}
	}
}

func (g *generator) link(dir string, script Script) Link {
	action, name := pick(g, "S", "S", "K"), script.Name
	link := Link{dir, fmt.Sprintf("%s%02d%s", action, g.IntN(100), name), "../init.d/" + name}
	switch g.IntN(30) {
	case 0:
		return Link{dir, "S99gone", "../init.d/gone"}
	case 1:
		link.Target = "/nowhere"
	case 2:
		link.Base = "s05" + name
	case 3:
		link.Target = ""
	case 4:
		// What insserv makes of a script without Provides that is linked under
		// two names, as "20x" by S2020x, is not known.
		if len(g.provided(script)) > 0 {
			link.Base = action + pick(g, "1", "123", "001", "0100", "2020") + name
		}
	}
	return link
}

// provided gives the names in the header of a script.
func (g *generator) provided(s Script) []string {
	texts := lsb.Texts{Script: []byte(s.Text)}
	if override, ok := g.tree.Overrides[s.Name]; ok {
		texts.Local = []byte(override)
	}
	h, _, _ := texts.InForce(false)
	return h.Provides.Names()
}

func (g *generator) calls() {
	for range 2 + g.IntN(4) {
		g.tree.Calls = append(g.tree.Calls, g.call())
	}
}

func (g *generator) call() []string {
	var args []string
	if g.chance(35) {
		args = append(args, "-f")
	}
	remove := g.chance(25)
	if remove {
		args = append(args, "-r")
	}
	if g.chance(15) {
		args = append(args, "-d")
	}
	if !remove && g.chance(20) {
		return args
	}
	count := 1 + g.IntN(3)
	if len(g.tree.Calls) == 0 || g.chance(30) {
		count = len(g.tree.Scripts)
	}
	for _, i := range g.Perm(len(g.tree.Scripts))[:min(count, len(g.tree.Scripts))] {
		script := g.tree.Scripts[i]
		args = append(args, script.Name+g.argumentLevels(script))
	}
	if g.Odd && g.chance(2) {
		args = append(args, "missing")
	}
	return args
}

// argumentLevels is what may follow the name of a script on the command line.
// insserv crashes when that is the second script that provides a name, or
// provides none that it may.
func (g *generator) argumentLevels(s Script) string {
	cannot := func(name string) bool { return name[0] == '$' || name[0] == '#' }
	if !g.chance(3) || g.doubled || slices.ContainsFunc(g.provided(s), cannot) {
		return ""
	}
	levels := func() string { return pick(g, "2 3 4 5", "2,3", "S", "0", "0,1,6", "3", "", "23", "x") }
	start, stop := ",start="+levels(), ",stop="+levels()
	return pick(g, start, stop, start+stop, stop+start)
}
