package ordertest

import (
	"fmt"
	"strings"
)

type field struct{ key, value string }

func (g *generator) fields(i int) []field {
	name := g.names[i]
	provides := name
	if g.chance(8) {
		provides += " " + name + "-too"
	}
	if g.Odd && g.chance(1) {
		provides = pick(g, "", "$bad", "$bad "+name, name+" $bad", "#x "+name, "$local_fs")
	}
	f := []field{
		{"Provides", provides},
		{"Required-Start", g.required(i)},
		{"Required-Stop", g.required(i)},
	}
	if g.chance(30) {
		f = append(f, field{"Should-Start", g.list(i, 3)})
	}
	if g.chance(30) {
		f = append(f, field{"Should-Stop", g.list(i, 3)})
	}
	if g.chance(12) && (g.Loops || i+1 < len(g.names)) {
		f = append(f, field{"X-Start-Before", g.later(i)})
	}
	if g.chance(12) && (g.Loops || i+1 < len(g.names)) {
		f = append(f, field{"X-Stop-After", g.later(i)})
	}
	if g.chance(8) {
		f = append(f, field{"X-Interactive", pick(g, "true", "true", "yes", "TRUE")})
	}
	start, stop := g.levels()
	f = append(f, field{"Default-Start", start}, field{"Default-Stop", stop})
	if g.Odd && g.chance(6) {
		drop := 1 + g.IntN(len(f)-1)
		f = append(f[:drop], f[drop+1:]...)
	}
	return append(f, field{"Short-Description", name})
}

func (g *generator) required(i int) string {
	value := g.list(i, 3)
	if g.chance(25) {
		value = strings.TrimSpace(value + " " + g.facility())
	}
	if g.chance(3) {
		value = strings.TrimSpace("$all " + value)
	}
	if g.Odd && g.chance(3) {
		value = "+" + g.anyName()
	}
	if g.chance(3) {
		value = g.join([]string{"nosuch", value})
	}
	return value
}

// later names services behind the i-th.
func (g *generator) later(i int) string {
	if g.Loops {
		return g.list(i, 2)
	}
	words := []string{g.names[i+1+g.IntN(len(g.names)-i-1)]}
	if g.chance(20) {
		words = append(words, "nosuch")
	}
	return strings.Join(words, " ")
}

func (g *generator) levels() (start, stop string) {
	switch g.IntN(10) {
	case 0, 1:
		return "S", ""
	case 2:
		return "S", "0 6"
	case 3:
		return "", pick(g, "0", "6", "0 6", "1")
	case 4:
		return pick(g, "3 5", "2", "2 3", "1"), pick(g, "0 1 6", "0 1 2 4 6", "")
	case 5:
		if g.Odd {
			return pick(g, "0 6", "23", "S 2", "2,3", "2 3 4 5 b"[:7], "s", "2 0"), pick(g, "0", "0 6", "S", "1 6", "06")
		}
	}
	return "2 3 4 5", "0 1 6"
}

func (g *generator) script(i int) {
	name := g.names[i]
	if g.chance(20) {
		name += ".sh"
	}
	text := "#!/bin/sh\n"
	if g.chance(4) {
		text += "# no header\n"
	} else {
		text += g.header(g.fields(i))
	}
	g.tree.Scripts = append(g.tree.Scripts, Script{Name: name, Text: text + "exit 0\n"})
}

func (g *generator) header(fields []field) string {
	var b strings.Builder
	b.WriteString("### BEGIN INIT INFO\n")
	for _, f := range fields {
		g.field(&b, f)
	}
	if end := "### END INIT INFO"; !g.Odd || !g.chance(1) {
		b.WriteString(pick(g, end, end, "  "+end+" ###") + "\n")
	}
	return b.String()
}

func (g *generator) field(b *strings.Builder, f field) {
	if !g.Odd || g.chance(70) {
		fmt.Fprintf(b, "# %-18s %s\n", f.key+":", f.value)
		return
	}
	key := f.key
	switch g.IntN(6) {
	case 0:
		key = strings.ToUpper(key)
	case 1:
		key = strings.ReplaceAll(strings.ToLower(key), "-", "_")
	case 2:
		key = strings.Replace(key, "-", "--", 1)
	case 3:
		key = strings.Replace(key, "X-", pick(g, "X-Vendor-", "x_", ""), 1)
	case 4:
		if strings.HasPrefix(key, "Should") {
			key = "X-" + key
		}
	case 5:
		key += pick(g, " ", "")
	}
	fmt.Fprintf(b, "%s%s:%s%s%s\n",
		pick(g, "# ", "#", "#\t", "#   ", " # "), key,
		pick(g, " ", "", "\t", "  \t "), f.value,
		pick(g, "", "", " ", "\r", "\t", "\tx", " \xc3\xa9", "\x00y"))
	if g.chance(5) && f.key != "Provides" {
		fmt.Fprintf(b, "# %s: %s\n", f.key, g.anyName())
	}
	if g.chance(3) {
		b.WriteString(pick(g, "\n", "# comment\n", "# a: b\n", strings.Repeat("#", 2500)+"\n"))
	}
}

// oddScripts adds entries of init.d that insserv passes over, or that take
// another's names.
func (g *generator) oddScripts() {
	add := func(s Script) { g.tree.Scripts = append(g.tree.Scripts, s) }
	i := g.IntN(len(g.names))
	header := func(name string) string {
		fields := g.fields(i)
		fields[0].value = name
		return g.header(fields)
	}
	for _, name := range []string{
		"README", "skeleton", "rc", "old.dpkg-new", "a.rpmsave", "b~", "core", "core.x", "x.ucf-old", "y.bak", "z.dpkx",
		".depend.start", "w,v", "_u", "p.orig",
	} {
		if g.chance(8) {
			add(Script{Name: name, Text: header(name)})
		}
	}
	target := pick(g, g.tree.Scripts...).Name
	if g.chance(10) {
		g.doubled = true
		add(Script{Name: "linked", Target: pick(g, target, "../init.d/"+target, "../init.d/nowhere")})
	}
	if g.chance(10) {
		add(Script{Name: "plain", Text: header("plain"), Plain: true})
	}
}

func (g *generator) overrides() {
	g.tree.Overrides = map[string]string{}
	for i := range g.names {
		if !g.chance(6) {
			continue
		}
		text := g.header(g.fields(i))
		if g.chance(10) {
			text = pick(g, "", "# Provides: x\n", "### BEGIN INIT INFO\n### END INIT INFO\n")
		}
		g.tree.Overrides[g.tree.Scripts[i].Name] = text
	}
}
