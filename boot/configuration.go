package boot

import (
	"path"
	"slices"
	"strings"

	"github.com/bootledger/bootledger/boot/lsb"
	"github.com/bootledger/bootledger/boot/rootfs"
)

// Configuration is everything that decides how a guest boots, as a value.
type Configuration struct {
	Tree      Tree
	Release   Release
	Detection Detection
	Scripts   []Script   // by name
	Links     []lsb.Link // of all runlevels, dangling and foreign ones too
	Parked    []lsb.Link // in /etc-before-lxc
	Warnings  []string   // what could not be read

	byName map[string]int
}

// Script is a file in /etc/init.d.
type Script struct {
	Name       string
	Executable bool // by its owner
	Header     lsb.Header
	Source     lsb.Source // where Header stands
	// Unterminated is where a header stands that has no last line, in force or
	// not; FromNowhere if none does.
	Unterminated lsb.Source
	Links        []lsb.Link
	// Enabled says that the boot or the halt of the guest runs it: it has an S
	// link or, if its header asks for no start at all, a K link. What
	// update-rc.d(8) disabled has K links where its header asks for S links.
	Enabled bool
}

// FromTree takes a tree for a guest.
func FromTree(tree Tree) *Configuration {
	c := &Configuration{Tree: tree, byName: map[string]int{}}
	for _, level := range lsb.AllRunlevels {
		c.Links = append(c.Links, linksIn(tree, "/etc/"+level.Dir(), level)...)
		c.Parked = append(c.Parked, linksIn(tree, parkDir+"/"+level.Dir(), level)...)
	}
	links := map[string][]lsb.Link{}
	for _, link := range c.Links {
		links[link.Name] = append(links[link.Name], link)
	}
	c.Release = releaseOf(tree)
	c.Detection = detect(tree, c.Release)
	c.Scripts = make([]Script, 0, len(tree.Names[InitDir]))
	for _, name := range tree.Names[InitDir] {
		if script, ok := scriptOf(tree, name, links[name], c.Release); ok {
			c.Scripts = append(c.Scripts, script)
		}
	}
	slices.SortFunc(c.Scripts, func(a, b Script) int { return strings.Compare(a.Name, b.Name) })
	for i, script := range c.Scripts {
		c.byName[script.Name] = i
	}
	return c
}

// Script gives a script by its name; the zero value if there is none.
func (c *Configuration) Script(name string) Script {
	if i, ok := c.byName[name]; ok {
		return c.Scripts[i]
	}
	return Script{}
}

// Override gives the path of the override that stands, or would stand, in for
// the header of a script.
func (c *Configuration) Override(script string) string {
	return OverrideDir + "/" + realName(c.Tree, script)
}

// HeaderPath gives the path of the file that holds the header in force of a
// script: the script itself or an override.
func (c *Configuration) HeaderPath(script string) string {
	return c.SourcePath(script, c.Script(script).Source)
}

// SourcePath gives the path at which a script's header of a source stands.
func (c *Configuration) SourcePath(script string, source lsb.Source) string {
	switch source {
	case lsb.FromLocal:
		return c.Override(script)
	case lsb.FromVendor:
		return vendorOverrides + "/" + realName(c.Tree, script)
	default:
		return InitDir + "/" + script
	}
}

// HeaderText gives the text that holds the header in force of a script: the
// script's own or that of an override.
func (c *Configuration) HeaderText(script string) []byte {
	switch c.Script(script).Source {
	case lsb.FromLocal:
		return c.Tree.Nodes[c.Override(script)].Content
	case lsb.FromVendor:
		return c.Tree.Nodes[vendorOverrides+"/"+realName(c.Tree, script)].Content
	default:
		node, _ := file(c.Tree, InitDir+"/"+script)
		return node.Content
	}
}

func linksIn(tree Tree, dir string, level lsb.Runlevel) []lsb.Link {
	var links []lsb.Link
	for _, base := range tree.Names[dir] {
		if link, ok := lsb.ParseLink(level, base); ok {
			links = append(links, link)
		}
	}
	return links
}

// notServices are the names in init.d that rc and insserv have a use of their
// own for (insserv(8)).
var notServices = []string{"README", "skeleton", "rc", "rcS", "rx", "core"}

func scriptOf(tree Tree, name string, links []lsb.Link, release Release) (Script, bool) {
	node, ok := file(tree, InitDir+"/"+name)
	if !ok || slices.Contains(notServices, name) || (lsb.NameRules{Dpkg: "dpkg", Ucf: true}).Ignored(name) {
		return Script{}, false
	}
	script := Script{Name: name, Executable: node.Mode&0o100 != 0, Links: links}
	actual := realName(tree, name)
	texts := lsb.Texts{Script: node.Content, Known: tree.headers}
	if override, ok := tree.Nodes[vendorOverrides+"/"+actual]; ok {
		texts.Vendor = override.Content
	}
	if override, ok := tree.Nodes[OverrideDir+"/"+actual]; ok {
		texts.Local = override.Content
	}
	script.Header, script.Source, script.Unterminated = texts.InForce(release.scriptFirst())
	starts := slices.ContainsFunc(links, func(l lsb.Link) bool { return l.Action == lsb.Start })
	asked, _ := script.Header.DefaultStart.Runlevels()
	script.Enabled = starts || len(links) > 0 && script.Header.Found() && len(asked) == 0
	return script, true
}

// file gives the regular file at a path, or at the end of the symlink there.
func file(tree Tree, path string) (Node, bool) {
	node, ok := tree.Nodes[path]
	if ok && node.Type == rootfs.Symlink {
		node, ok = tree.Through[path]
	}
	return node, ok && node.Type == rootfs.File
}

// realName is the name that a script's overrides go by: the base name of the
// file that it is a symlink to.
func realName(tree Tree, name string) string {
	if node := tree.Nodes[InitDir+"/"+name]; node.Type == rootfs.Symlink {
		return path.Base(node.Target)
	}
	return name
}

// Method names the way to disable scripts that fits the boot scheme: "links",
// "insserv" or "override"; empty for a scheme that does not boot from links.
func (c *Configuration) Method() string {
	switch c.Detection.Scheme {
	case Sysv:
		return "links"
	case Insserv:
		return "insserv"
	case Startpar:
		return "override"
	default:
		return ""
	}
}

// Order gives the scripts of each runlevel in the order in which rc runs their
// links: by sequence, then by name, what is stopped first. Runlevels without
// links are left out.
func (c *Configuration) Order() map[lsb.Runlevel][]string {
	sorted := slices.Clone(c.Links)
	slices.SortFunc(sorted, func(a, b lsb.Link) int { return strings.Compare(a.Base(), b.Base()) }) // K before S
	order := map[lsb.Runlevel][]string{}
	for _, link := range sorted {
		if names := order[link.Runlevel]; !slices.Contains(names, link.Name) {
			// What a runlevel between 1 and 5 stops is not part of its boot.
			if link.Action == lsb.Start || link.Runlevel == '0' || link.Runlevel == '6' {
				order[link.Runlevel] = append(names, link.Name)
			}
		}
	}
	return order
}
