package insserv

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"slices"

	"github.com/bootledger/bootledger/boot"
	"github.com/bootledger/bootledger/boot/lsb"
	"github.com/bootledger/bootledger/boot/order"
	"github.com/bootledger/bootledger/boot/rootfs"
)

// readBack gives the tree as the program left it in the thread's working
// directory. The reader of guests is the reader here: nothing in the scratch copy
// is trusted more than in a guest.
func readBack(before boot.Tree) (tree boot.Tree, err error) {
	root, err := rootfs.Open(".")
	if err != nil {
		return boot.Tree{}, err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	left, err := boot.Read(root)
	if err != nil {
		return boot.Tree{}, err
	}
	after := left.Tree
	if err := checkUntouched(before, after); err != nil {
		return boot.Tree{}, err
	}
	result := order.Result{Links: map[lsb.Runlevel][]string{}, Depend: map[string][]byte{}}
	for _, level := range lsb.AllRunlevels {
		dir := "/etc/" + level.Dir()
		names, exists := after.Names[dir]
		if !exists {
			continue
		}
		// What was there keeps its place.
		result.Links[level] = slices.DeleteFunc(slices.Clone(before.Names[dir]), func(base string) bool {
			return !slices.Contains(names, base)
		})
		for _, base := range names {
			if slices.Contains(result.Links[level], base) {
				continue
			}
			if link, ok := lsb.ParseLink(level, base); !ok || after.Nodes[dir+"/"+base].Target != "../init.d/"+link.Name {
				return boot.Tree{}, fmt.Errorf("it made %s, which is no link to a script", rootfs.Quote(dir+"/"+base))
			}
			result.Links[level] = append(result.Links[level], base)
		}
	}
	for _, name := range lsb.DependFiles {
		if node, there := after.Nodes[boot.InitDir+"/"+name]; there {
			result.Depend[name] = node.Content
		}
	}
	return before.WithOrder(result), nil
}

// checkUntouched compares what insserv has no business with: all but which links
// there are, and the .depend files.
func checkUntouched(before, after boot.Tree) error {
	for file, node := range before.Nodes {
		left, there := after.Nodes[file]
		switch {
		case !isRead(file), node.Type == rootfs.Other, !there && isLink(file):
		case left.Type != node.Type, left.Target != node.Target, !bytes.Equal(left.Content, node.Content) && !isDepend(file):
			return fmt.Errorf("it changed %s", rootfs.Quote(file))
		}
	}
	for file, left := range after.Nodes {
		if _, was := before.Nodes[file]; was || isLink(file) || isDepend(file) && left.Type == rootfs.File {
			continue
		}
		if _, isRunlevels := lsb.RunlevelOfDir(path.Base(file)); left.Type != rootfs.Dir || !isRunlevels {
			return fmt.Errorf("it made %s", rootfs.Quote(file))
		}
	}
	return nil
}

// isLink reports whether a path has the name of a link, in a runlevel directory.
func isLink(file string) bool {
	dir, base := path.Split(file)
	level, isRunlevels := lsb.RunlevelOfDir(path.Base(dir))
	_, ok := lsb.ParseLink(level, base)
	return isRunlevels && ok && dir == "/etc/"+level.Dir()+"/"
}

func isDepend(file string) bool {
	return path.Dir(file) == boot.InitDir && slices.Contains(lsb.DependFiles, path.Base(file))
}
