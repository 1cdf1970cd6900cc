// Package ordertest makes up init.d trees and calls of insserv, to compare what
// package order predicts with what a real insserv does.
//
// The trees are odd on purpose: headers spaced and spelled in every way that
// insserv reads, loops, names provided twice, links that dangle, overrides,
// several configuration files. The same seed gives the same tree.
package ordertest

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// Script is an entry of init.d.
type Script struct {
	Name   string
	Text   string
	Target string // of a symlink; else empty
	Plain  bool   // not executable
}

// Link is an entry of a runlevel directory. Without a Target it is a plain
// file.
type Link struct {
	Dir, Base, Target string
}

// Tree is a made-up guest with the calls of insserv to try on it, one after the
// other.
type Tree struct {
	Scripts   []Script
	Links     []Link
	Conf      string
	ConfDir   map[string]string
	Overrides map[string]string
	Calls     [][]string
}

// Profile says what trees look like.
type Profile struct {
	MinScripts, MaxScripts int
	Loops                  bool // dependencies in any direction
	Odd                    bool // unusual headers, names, links, files
	Shared                 bool // names that two scripts provide
}

// Profiles are the kinds of trees that Generate takes turns with.
var Profiles = []Profile{
	{MinScripts: 3, MaxScripts: 8},
	{MinScripts: 3, MaxScripts: 8, Shared: true},
	{MinScripts: 3, MaxScripts: 12, Odd: true},
	{MinScripts: 3, MaxScripts: 8, Loops: true, Odd: true},
	{MinScripts: 10, MaxScripts: 40, Odd: true},
	{MinScripts: 4, MaxScripts: 30, Loops: true},
	{MinScripts: 40, MaxScripts: 120, Odd: true},
	{MinScripts: 100, MaxScripts: 300},
}

type generator struct {
	*rand.Rand
	Profile
	names []string // provided by the scripts, in the order of the dependencies
	// doubled says that two scripts provide the same name.
	doubled bool
	tree    Tree
}

// Generate makes the tree of a seed.
func Generate(seed uint64, p Profile) Tree {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 2)), Profile: p}
	n := g.MinScripts + g.IntN(g.MaxScripts-g.MinScripts+1)
	for i := range n {
		g.names = append(g.names, g.serviceName(i))
	}
	g.conf()
	for i := range n {
		g.script(i)
	}
	if g.Shared {
		g.doubled = true
		i := g.IntN(len(g.names))
		g.tree.Scripts = append(g.tree.Scripts, Script{Name: "double", Text: g.header(g.fields(i))})
	}
	if g.Odd {
		g.oddScripts()
		g.overrides()
		g.links()
	}
	g.Shuffle(len(g.tree.Scripts), func(i, j int) {
		s := g.tree.Scripts
		s[i], s[j] = s[j], s[i]
	})
	g.calls()
	return g.tree
}

func (g *generator) chance(percent int) bool { return g.IntN(100) < percent }

func pick[T any](g *generator, list ...T) T { return list[g.IntN(len(list))] }

var knownNames = []string{
	"mountall", "networking", "rsyslog", "portmap", "hwclock", "udev", "sendsigs", "umountfs",
	"mountnfs", "bind9", "keymap", "glibc",
}

func (g *generator) serviceName(i int) string {
	if i < len(knownNames) && g.chance(40) {
		return knownNames[i]
	}
	return fmt.Sprintf("s%02d", i)
}

func (g *generator) conf() {
	g.tree.Conf = `# facilities
$local_fs	+mountall +mountall-bootclean +umountfs
$network	+networking +ifupdown
$named		+named +bind9 $network
$remote_fs	$local_fs +mountnfs +sendsigs
$syslog		+syslog +rsyslog
$portmap	portmap
$time		hwclock
<interactive>	glibc udev keymap
`
	if !g.Odd || g.chance(50) {
		return
	}
	g.tree.ConfDir = map[string]string{}
	for _, name := range []string{"alpha", "beta", "zeta.dpkg-old", ".hidden", "gamma"} {
		if g.chance(50) {
			g.tree.ConfDir[name] = fmt.Sprintf("%s%s%s\n%s+%s\n",
				pick(g, "$extra", "$network", "$more", "<interactive>"),
				pick(g, " ", "\t", " = ", ": "), g.anyName(),
				pick(g, "$more ", "$extra\t$network ", "# ", "$Extra "), g.anyName())
		}
	}
}

func (g *generator) anyName() string {
	if g.chance(8) {
		return pick(g, "nosuch", "nosuch2")
	}
	return pick(g, g.names...)
}

// dependency names a service before the i-th, or any where loops are wanted.
func (g *generator) dependency(i int) string {
	limit := i
	if g.Loops {
		limit = len(g.names)
	}
	if limit == 0 {
		return pick(g, "nosuch", "$local_fs")
	}
	return g.names[g.IntN(limit)]
}

func (g *generator) list(i, most int) string {
	var words []string
	for range g.IntN(most + 1) {
		words = append(words, g.dependency(i))
	}
	return g.join(words)
}

func (g *generator) join(words []string) string {
	if g.Odd && g.chance(8) {
		return strings.Join(words, pick(g, "  ", ", ", "; ", ",", ";", "\t"))
	}
	return strings.Join(words, " ")
}

// facilities to require: with loops wanted, any, else those that no script of
// the tree is likely to close a circle with.
func (g *generator) facility() string {
	return pick(g, "$local_fs", "$remote_fs", "$syslog", "$network", "$named", "$time", "$portmap", "$unknown", "$null", "$extra", "$more")
}
