package sample

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bootledger/bootledger/boot"
	"github.com/bootledger/bootledger/boot/lsb"
	"github.com/bootledger/bootledger/boot/order"
	"github.com/bootledger/bootledger/boot/rootfs"
)

// insservVersion is the one of Debian 6.0.
const insservVersion = "1.14.0-2"

// Upgrade does to the guest in dir, made by Unpack and perhaps converted since,
// what an upgrade of its packages does.
//
// Without insserv, the packages of udev and checkroot.sh make all links of
// their scripts anew when none is left. With it, those of udev, checkroot.sh
// and module-init-tools have insserv enable their scripts, and apache2, which
// was not there, comes with one more: the order of all is computed anew.
func Upgrade(dir string) error {
	insserv, err := usesInsserv(dir)
	if err != nil {
		return err
	}
	if !insserv {
		if err := recreateLinks(dir, "udev", "checkroot.sh"); err != nil {
			return err
		}
		return upgradeStatus(dir, archive{}, "udev", "initscripts")
	}
	apache, err := readArchive("apache2")
	if err != nil {
		return err
	}
	for path, content := range apache.files {
		if err := writeFile(dir, path, content); err != nil {
			return err
		}
	}
	for _, script := range []string{"udev", "checkroot.sh", "module-init-tools", "apache2"} {
		if err := updateRCD(dir, script); err != nil {
			return err
		}
	}
	return upgradeStatus(dir, apache, "udev", "initscripts", "module-init-tools")
}

// usesInsserv says what update-rc.d would do.
func usesInsserv(dir string) (bool, error) {
	if exists, err := exists(dir, "/sbin/insserv"); !exists {
		return false, err
	}
	legacy, err := exists(dir, legacyMark)
	return !legacy, err
}

func exists(dir, path string) (bool, error) {
	_, err := os.Lstat(filepath.Join(dir, path))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// recreateLinks makes the links of those scripts that have none left.
func recreateLinks(dir string, scripts ...string) error {
	links, err := fixedLinks(dir)
	if err != nil {
		return err
	}
	for _, script := range scripts {
		left, err := fs.Glob(os.DirFS(dir), "etc/rc?.d/[SK][0-9][0-9]"+script)
		if err != nil {
			return err
		}
		own := slices.DeleteFunc(slices.Clone(links), func(l lsb.Link) bool { return len(left) > 0 || l.Name != script })
		if err := makeLinks(dir, own); err != nil {
			return err
		}
	}
	return nil
}

// fixedLinks are the links that the packages of the guest's release ask for.
func fixedLinks(dir string) ([]lsb.Link, error) {
	legacy, err := exists(dir, legacyMark)
	if err != nil {
		return nil, err
	}
	if legacy {
		a, err := readArchive("squeeze")
		return a.legacy, err
	}
	a, err := readArchive("lenny")
	return a.links, err
}

// updateRCD does what "update-rc.d SCRIPT defaults" does: it calls insserv with
// the script's name and fails when that refuses.
func updateRCD(dir, script string) (err error) {
	root, err := rootfs.Open(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	guest, err := boot.Read(root)
	if err != nil {
		return err
	}
	rules, _ := order.RulesFor(insservVersion)
	result := order.Run(rules, guest.Tree.OrderInput(), order.Call{Names: []string{script}})
	if result.ExitCode != 0 {
		return fmt.Errorf("insserv %s refuses: %s", script, strings.Join(result.Messages, "; "))
	}
	return replace(root, guest.Tree, guest.Tree.WithOrder(result))
}

// replace makes the guest hold the tree after where it differs from before,
// what goes first: insserv, too, takes a link away before it makes the new one.
func replace(root *rootfs.Root, before, after boot.Tree) error {
	for _, path := range slices.Sorted(maps.Keys(before.Nodes)) {
		if _, stays := after.Nodes[path]; stays {
			continue
		}
		have := before.Nodes[path].Entry
		if err := root.Replace(path, &have, nil, nil); err != nil {
			return err
		}
	}
	for _, path := range slices.Sorted(maps.Keys(after.Nodes)) {
		node := after.Nodes[path]
		var have *rootfs.Entry
		if old, existed := before.Nodes[path]; existed {
			if old.Same(node.Entry) {
				continue
			}
			have = &old.Entry
		}
		if err := root.Replace(path, have, &node.Entry, node.Content); err != nil {
			return err
		}
	}
	return root.Sync()
}

// upgradeStatus gives the named packages a higher version in dpkg's status and
// adds those of an archive.
func upgradeStatus(dir string, added archive, upgraded ...string) error {
	path := filepath.Join(dir, statusPath)
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	content = append(withNewVersions(content, upgraded...), status(added.packages, added.files)...)
	return os.WriteFile(path, content, 0o644)
}
