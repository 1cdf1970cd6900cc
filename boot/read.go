package boot

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/bootledger/bootledger/boot/lsb"
	"github.com/bootledger/bootledger/boot/rootfs"
)

// ErrNotGuest says that a directory holds no guest that boots from init
// scripts.
var ErrNotGuest = errors.New("not a guest that boots from init scripts")

// InitDir holds the init scripts (Debian Policy 9.3.1).
const InitDir = "/etc/init.d"

// OverrideDir holds the headers that stand in for those of scripts, by the names
// of the scripts (insserv(8)).
const OverrideDir = "/etc/insserv/overrides"

// vendorOverrides holds the same as packages ship it.
const vendorOverrides = "/usr/share/insserv/overrides"

// KeepList names the scripts of this guest that conversions leave alone.
const KeepList = "/etc/bootledger/keep"

// mtab lists what is mounted: a file that mount(8) writes or a symlink to what the
// kernel says, which is of no interest here.
const mtab = "/etc/mtab"

// MaxFile is the size in bytes up to which files are read. What is larger is
// known by name only.
const MaxFile = 1 << 20

// maxNames bounds how many names of a directory are looked at.
const maxNames = 4096

// The files that decide a boot, beside those in the directories below.
var singleFiles = []string{
	"/etc/debian_version",
	"/etc/os-release",
	"/etc/lsb-release",
	"/etc/default/rcS",
	"/etc/inittab",
	"/etc/fstab",
	mtab,
	"/etc/insserv.conf",
	"/sbin/init",
	"/lib/init/rc",
	KeepList,
}

// The directories whose files decide a boot.
var directories = []string{
	InitDir,
	"/etc/insserv.conf.d",
	"/etc/insserv",
	OverrideDir,
	vendorOverrides,
	"/etc/init.disabled",
	"/var/lib/update-rc.d",
}

// parkDir holds a directory for each runlevel, with links that were moved out
// of the way.
const parkDir = "/etc-before-lxc"

// Read reads all that decides how a guest boots. What is too large or no file
// becomes a node without content and a warning.
func Read(root *rootfs.Root) (*Configuration, error) {
	r := reader{root: root, tree: Tree{Nodes: map[string]Node{}, Names: map[string][]string{}, Through: map[string]Node{}, headers: lsb.Headers{}}}
	for _, file := range singleFiles {
		if err := r.read(file); err != nil {
			return nil, err
		}
	}
	dirs := append(slices.Clone(directories), parkDir)
	for _, level := range lsb.AllRunlevels {
		dirs = append(dirs, "/etc/"+level.Dir(), parkDir+"/"+level.Dir())
	}
	listings := make([]listing, len(dirs))
	var done sync.WaitGroup
	for i, dir := range dirs {
		done.Go(func() { listings[i].dir, listings[i].items, listings[i].err = root.ReadAll(dir, maxNames, MaxFile) })
	}
	done.Wait()
	for i, dir := range dirs {
		if err := r.keepDir(dir, listings[i]); err != nil {
			return nil, err
		}
	}
	init, there := r.tree.Nodes[InitDir]
	switch {
	case !there:
		return nil, fmt.Errorf("%w: it has no %s", ErrNotGuest, InitDir)
	case init.Type != rootfs.Dir:
		return nil, fmt.Errorf("%w: %s is a %s", ErrNotGuest, InitDir, init.Type)
	}
	c := FromTree(r.tree)
	c.Warnings = r.warnings
	if len(c.Scripts) == 0 {
		return nil, fmt.Errorf("%w: there are no scripts in %s", ErrNotGuest, InitDir)
	}
	return c, nil
}

type reader struct {
	root     *rootfs.Root
	tree     Tree
	warnings []string
}

func (r *reader) warn(path string, err error) {
	r.warnings = append(r.warnings, fmt.Sprintf("%s is left out: %v", rootfs.Quote(path), err))
}

// listing is a directory and all that is directly in it.
type listing struct {
	dir   rootfs.Entry
	items []rootfs.Item
	err   error
}

// keepDir makes what was read of a directory nodes of the tree. One that is
// missing is no error.
func (r *reader) keepDir(dir string, l listing) error {
	switch {
	case errors.Is(l.err, fs.ErrNotExist):
		return nil
	case madeSo(l.err): // not a directory, say
		r.warn(dir, l.err)
		return r.read(dir)
	case l.err != nil:
		return l.err
	}
	r.tree.Nodes[dir] = Node{Entry: l.dir}
	r.tree.Names[dir] = []string{}
	for _, item := range l.items {
		if rootfs.Unfinished(item.Name, item.Entry) {
			continue
		}
		r.tree.Names[dir] = append(r.tree.Names[dir], item.Name)
		if err := r.keep(dir+"/"+item.Name, item); err != nil {
			return err
		}
	}
	return nil
}

// read reads one path; one that is missing is no error.
func (r *reader) read(path string) error {
	item, err := r.root.ReadItem(path, MaxFile)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil
	}
	if err != nil {
		return err
	}
	return r.keep(path, item)
}

// keep makes what was read a node of the tree.
func (r *reader) keep(path string, item rootfs.Item) error {
	node := Node{Entry: item.Entry, Content: item.Content}
	switch {
	case madeSo(item.Err):
		r.warn(path, item.Err)
		node.Type = rootfs.Other // known by name only
	case item.Err != nil:
		return item.Err
	case node.Type == rootfs.Symlink:
		if err := r.readThrough(path, node.Target); err != nil {
			return err
		}
	}
	r.tree.Nodes[path] = node
	return nil
}

// madeSo reports whether a path cannot be read because of what the guest has
// there, now and the next time. Any other error is one of this moment: a boot
// that is read without a file because of it would be another boot.
func madeSo(err error) bool {
	for _, cause := range []error{
		rootfs.ErrNotRegular, rootfs.ErrTooLarge, rootfs.ErrOutside, rootfs.ErrChanged,
		fs.ErrNotExist, syscall.ENOTDIR, syscall.ELOOP, syscall.ENAMETOOLONG, syscall.ENXIO,
	} {
		if errors.Is(err, cause) {
			return true
		}
	}
	return false
}

// readThrough keeps the file at the end of a symlink. The links of runlevel
// directories end at scripts that are read anyway; nobody follows what else is
// there.
func (r *reader) readThrough(link, target string) error {
	if link == mtab {
		return nil
	}
	dir, base := path.Split(link)
	if level, ofRunlevel := lsb.RunlevelOfDir(path.Base(dir)); ofRunlevel {
		if _, isLink := lsb.ParseLink(level, base); !isLink {
			return nil
		}
	}
	script, isScript := strings.CutPrefix(target, "../init.d/")
	if isScript && !strings.Contains(script, "/") {
		if node, read := r.tree.Nodes[InitDir+"/"+script]; read && node.Type == rootfs.File {
			r.tree.Through[link] = node
			return nil
		}
	}
	entry, content, err := r.root.ReadThrough(link, MaxFile)
	if err == nil {
		r.tree.Through[link] = Node{Entry: entry, Content: content}
	} else if !madeSo(err) {
		return err
	}
	return nil
}
