// Package boot reads a guest into one value and says from that value alone which
// boot scheme it has, what its scripts are, and what insserv would make of them.
package boot

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"

	"github.com/bootledger/bootledger/boot/lsb"
	"github.com/bootledger/bootledger/boot/rootfs"
)

// Node is one path of a Tree: what it is and, for a file, its bytes.
type Node struct {
	rootfs.Entry
	Content []byte
}

// Tree holds the part of a guest that decides how it boots, as a value: nothing
// in it refers to the guest any more, and a changed copy says how the guest
// would be.
type Tree struct {
	// Nodes by absolute path inside the guest.
	Nodes map[string]Node
	// Names of each directory that was read, in directory order: what insserv
	// writes depends on it.
	Names map[string][]string
	// Through gives the file at the end of a symlink, by the symlink's path. A
	// symlink that is missing here is dangling, or leads to no regular file.
	Through map[string]Node

	headers lsb.Headers // of this tree and its clones
}

// Clone gives a copy whose maps and lists may be changed. The contents of files
// are shared.
func (t Tree) Clone() Tree {
	c := Tree{Nodes: maps.Clone(t.Nodes), Names: make(map[string][]string, len(t.Names)), Through: maps.Clone(t.Through), headers: t.headers}
	for dir, names := range t.Names {
		c.Names[dir] = slices.Clone(names)
	}
	return c
}

// Put makes path hold node.
func (t *Tree) Put(path string, node Node) {
	dir, base := split(path)
	if _, there := t.Nodes[path]; !there {
		t.Names[dir] = append(t.Names[dir], base)
	}
	t.Nodes[path] = node
}

// Remove makes path hold nothing.
func (t *Tree) Remove(path string) {
	dir, base := split(path)
	delete(t.Nodes, path)
	t.Names[dir] = slices.DeleteFunc(t.Names[dir], func(name string) bool { return name == base })
}

// Write makes path hold a file. One that is there keeps its mode and owner.
func (t *Tree) Write(path string, content []byte) {
	sum := sha256.Sum256(content)
	node, there := t.Nodes[path]
	if there && node.SHA256 == hex.EncodeToString(sum[:]) {
		return
	}
	if !there {
		node.Entry = rootfs.Entry{Mode: 0o644}
	}
	t.Put(path, Node{
		Entry: rootfs.Entry{
			Type: rootfs.File, Mode: node.Mode, UID: node.UID, GID: node.GID,
			Size: int64(len(content)), SHA256: hex.EncodeToString(sum[:]),
		},
		Content: content,
	})
}

func split(path string) (dir, base string) {
	i := strings.LastIndexByte(path, '/')
	return path[:i], path[i+1:]
}
