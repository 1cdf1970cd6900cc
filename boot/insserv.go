package boot

import (
	"path"
	"slices"

	"github.com/bootledger/bootledger/boot/lsb"
	"github.com/bootledger/bootledger/boot/order"
	"github.com/bootledger/bootledger/boot/rootfs"
)

// OrderInput gives what insserv would read of the guest.
func (t Tree) OrderInput() order.Input {
	in := order.Input{
		Links:           map[lsb.Runlevel][]order.LinkEntry{},
		Conf:            t.Nodes["/etc/insserv.conf"].Content,
		VendorOverrides: map[string][]byte{},
		LocalOverrides:  map[string][]byte{},
		FileFilters:     t.Nodes["/etc/insserv/file-filters"].Content,
		Headers:         t.headers,
	}
	for _, name := range t.Names[InitDir] {
		path := InitDir + "/" + name
		node := t.Nodes[path]
		script := order.Script{Name: name, Symlink: node.Type == rootfs.Symlink, Target: node.Target, Real: realName(t, name)}
		if at, ok := file(t, path); ok {
			script.Regular, script.Executable, script.Text = true, at.Mode&0o100 != 0, at.Content
		}
		in.Scripts = append(in.Scripts, script)
	}
	for _, level := range lsb.AllRunlevels {
		dir := "/etc/" + level.Dir()
		names, exists := t.Names[dir]
		if !exists {
			continue
		}
		in.Links[level] = []order.LinkEntry{}
		for _, base := range names {
			in.Links[level] = append(in.Links[level], t.linkEntry(dir, base))
		}
	}
	for _, name := range t.Names["/etc/insserv.conf.d"] {
		if node := t.Nodes["/etc/insserv.conf.d/"+name]; node.Type == rootfs.File {
			in.ConfDir = append(in.ConfDir, lsb.File{Name: name, Text: node.Content})
		}
	}
	for dir, overrides := range map[string]map[string][]byte{
		vendorOverrides: in.VendorOverrides, OverrideDir: in.LocalOverrides,
	} {
		for _, name := range t.Names[dir] {
			if node := t.Nodes[dir+"/"+name]; node.Type == rootfs.File {
				overrides[name] = node.Content
			}
		}
	}
	return in
}

func (t Tree) linkEntry(dir, base string) order.LinkEntry {
	full := dir + "/" + base
	node := t.Nodes[full]
	entry := order.LinkEntry{Base: base, Symlink: node.Type == rootfs.Symlink, Target: node.Target}
	if !entry.Symlink {
		return entry
	}
	// A link that a plan added ends at its script as the plan has it.
	if script := path.Join(dir, node.Target); path.Dir(script) == InitDir {
		if _, there := t.Nodes[script]; there {
			_, leads := file(t, script)
			entry.Dangling = !leads && t.Nodes[script].Type == rootfs.Symlink
			return entry
		}
	}
	at, leads := t.Through[full]
	entry.Dangling, entry.Text, entry.Real = !leads, at.Content, path.Base(node.Target)
	return entry
}

// WithOrder gives the tree as insserv leaves it after a call with this result.
func (t Tree) WithOrder(result order.Result) Tree {
	tree := t.Clone()
	for _, level := range lsb.AllRunlevels {
		bases, exists := result.Links[level]
		if !exists {
			continue
		}
		dir := "/etc/" + level.Dir()
		if _, there := tree.Nodes[dir]; !there {
			tree.Nodes[dir] = Node{Entry: rootfs.Entry{Type: rootfs.Dir, Mode: 0o755}}
			tree.Names["/etc"] = append(tree.Names["/etc"], level.Dir())
		}
		stays := make(map[string]bool, len(bases))
		for _, base := range bases {
			stays[base] = true
		}
		for _, base := range tree.Names[dir] {
			if !stays[base] {
				delete(tree.Nodes, dir+"/"+base)
				delete(tree.Through, dir+"/"+base)
			}
		}
		tree.Names[dir] = slices.Clone(bases)
		for _, base := range bases {
			if _, there := tree.Nodes[dir+"/"+base]; there {
				continue
			}
			link, _ := lsb.ParseLink(level, base)
			target := "../init.d/" + link.Name
			tree.Nodes[dir+"/"+base] = Node{Entry: rootfs.Entry{Type: rootfs.Symlink, Mode: 0o777, Target: target, Size: int64(len(target))}}
			if script, ok := file(tree, InitDir+"/"+link.Name); ok {
				tree.Through[dir+"/"+base] = script
			}
		}
	}
	for name, content := range result.Depend {
		tree.Write(InitDir+"/"+name, content)
	}
	return tree
}
