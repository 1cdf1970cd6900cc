package snapshot

import (
	"fmt"
	"slices"

	"github.com/bootledger/bootledger/boot"
	"github.com/bootledger/bootledger/boot/profile"
	"github.com/bootledger/bootledger/boot/rootfs"
)

// readKeepList gives the lines of the guest's keep list by script. What is wrong
// with the list becomes a warning of the configuration; a list that cannot be
// read is an error, since a conversion would disable what is to stay.
func readKeepList(c *boot.Configuration) (map[string]profile.Kept, error) {
	node, there := c.Tree.Nodes[boot.KeepList]
	switch {
	case !there:
		return nil, nil
	case node.Type != rootfs.File:
		return nil, fail(Failed, "make it a regular file of at most 1 MiB", "cannot read %s", boot.KeepList)
	}
	list, warnings := profile.ParseKeep(node.Content)
	for _, warning := range warnings {
		c.Warnings = append(c.Warnings, boot.KeepList+":"+warning)
	}
	known := scriptNames(c)
	kept := make(map[string]profile.Kept, len(list))
	for _, k := range list {
		kept[k.Script] = k
		if !slices.Contains(known, k.Script) {
			c.Warnings = append(c.Warnings, fmt.Sprintf("%s:%d: there is no script %s, %s", boot.KeepList, k.Line,
				rootfs.Quote(k.Script), nearMisses(k.Script, known, "yet")))
		}
	}
	return kept, nil
}

// Kept lists the lines of the guest's keep list, by line.
func (s *Session) Kept() []profile.Kept {
	list := make([]profile.Kept, 0, len(s.kept))
	for _, k := range s.kept {
		list = append(list, k)
	}
	slices.SortFunc(list, func(a, b profile.Kept) int { return a.Line - b.Line })
	return list
}

// keeps reports whether the keep list holds a script back from a draft that
// would disable it, and notes that it did.
func (s *Session) keeps(d *draft, script string) bool {
	k, kept := s.kept[script]
	if kept {
		d.kept = append(d.kept, k)
	}
	return kept
}
