package ordertest

import "fmt"

// links adds entries of runlevel directories that were there before the first
// call.
func (g *generator) links() {
	if g.chance(40) {
		return
	}
	taken := map[string]bool{}
	for range g.IntN(len(g.tree.Scripts) + 3) {
		script := pick(g, g.tree.Scripts...).Name
		dir := "rc" + pick(g, "0", "1", "2", "3", "4", "5", "6", "S") + ".d"
		base := fmt.Sprintf("%s%02d%s", pick(g, "S", "S", "K"), g.IntN(100), script)
		target := "../init.d/" + script
		switch g.IntN(30) {
		case 0:
			script, base = "gone", "S99gone"
			target = "../init.d/gone"
		case 1:
			target = "/nowhere"
		case 2:
			base = "s05" + script
		}
		// Of two links of one script in a directory, insserv may make a third.
		if path := dir + "/" + script; !taken[path] {
			taken[path] = true
			g.tree.Links = append(g.tree.Links, Link{dir, base, target})
		}
	}
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
	} else if g.chance(15) {
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
		if script := g.tree.Scripts[i]; !script.Odd {
			args = append(args, script.Name)
		}
	}
	if g.Odd && g.chance(2) {
		args = append(args, "missing")
	}
	return args
}
