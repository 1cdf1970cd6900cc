// Package boot reads a guest into one value and says from that value alone which
// boot scheme it has, what its scripts are, and what insserv would make of them.
package boot

import (
	"maps"
	"slices"

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
}

// Clone gives a copy whose maps and lists may be changed. The contents of files
// are shared.
func (t Tree) Clone() Tree {
	c := Tree{Nodes: maps.Clone(t.Nodes), Names: make(map[string][]string, len(t.Names)), Through: maps.Clone(t.Through)}
	for dir, names := range t.Names {
		c.Names[dir] = slices.Clone(names)
	}
	return c
}
