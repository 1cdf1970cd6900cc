package insserv

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/bootledger/bootledger/boot"
	"github.com/bootledger/bootledger/boot/rootfs"
)

// stranger is the user and group that the scratch copy belongs to and the
// program runs as. Debian Policy 9.2.2 reserves 65000 to 65533: no account has
// it.
const stranger = 65533

// scratchSize bounds the tmpfs, in bytes.
const scratchSize = "67108864"

// scratch is a directory to become a root directory, the working directory of
// the thread that entered it.
type scratch struct {
	root        *os.Root // it holds links of the guest's making, which are not to lead out
	newestFirst bool     // its directories list the newest name first
	clean       []func() error
}

// enter makes a new directory the thread's own working directory.
func (s *scratch) enter() error {
	if err := unix.Unshare(unix.CLONE_FS); err != nil {
		return fmt.Errorf("cannot have a working directory for one thread: %w", err)
	}
	unix.Umask(0o022)
	err := s.enterMemory()
	if err != nil {
		err = s.enterTemporary()
	}
	if err != nil {
		return err
	}
	if s.root, err = os.OpenRoot("."); err != nil {
		return err
	}
	s.clean = append(s.clean, s.root.Close)
	s.newestFirst, err = s.listsNewestFirst()
	return err
}

// remove removes the directory with all that is in it.
func (s *scratch) remove() error {
	var errs []error
	for _, clean := range s.clean {
		errs = append(errs, clean())
	}
	return errors.Join(errs...)
}

// enterMemory enters a tmpfs that is mounted nowhere.
func (s *scratch) enterMemory() error {
	config, err := unix.Fsopen("tmpfs", unix.FSOPEN_CLOEXEC)
	if err != nil {
		return err
	}
	defer unix.Close(config) //nolint:errcheck // it was only used to make the mount
	for key, value := range map[string]string{
		"size": scratchSize, "nr_inodes": "65536", "mode": "0700", "uid": fmt.Sprint(stranger), "gid": fmt.Sprint(stranger),
	} {
		if err := unix.FsconfigSetString(config, key, value); err != nil {
			return err
		}
	}
	if err := unix.FsconfigCreate(config); err != nil {
		return err
	}
	mount, err := unix.Fsmount(config, unix.FSMOUNT_CLOEXEC, unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NODEV)
	if err != nil {
		return err
	}
	s.clean = append(s.clean, func() error { return unix.Close(mount) })
	return unix.Fchdir(mount)
}

// enterTemporary enters a new directory among the temporary files.
func (s *scratch) enterTemporary() error {
	parent, err := filepath.Abs(os.TempDir())
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(parent, "bootledger-")
	if err != nil {
		return err
	}
	s.clean = append(s.clean, func() error { return os.RemoveAll(dir) })
	return errors.Join(os.Chown(dir, stranger, stranger), unix.Chdir(dir))
}

// listsNewestFirst tries out how a directory lists its names. What it finds of
// one that sorts them, as a disk's do, has no meaning.
func (s *scratch) listsNewestFirst() (bool, error) {
	for _, name := range []string{"order", "order/1", "order/2"} {
		if err := s.root.Mkdir(name, 0o755); err != nil {
			return false, err
		}
	}
	dir, err := s.root.Open("order")
	if err != nil {
		return false, err
	}
	names, err := dir.Readdirnames(-1)
	return err == nil && names[0] == "2", errors.Join(err, dir.Close(), s.root.RemoveAll("order"))
}

// isRead reports whether a path of a tree is one that insserv looks at, or lies
// where it does.
func isRead(path string) bool {
	return strings.HasPrefix(path, "/etc/") || strings.HasPrefix(path, "/usr/share/insserv/")
}

// fill writes a tree and a program.
func (s *scratch) fill(tree boot.Tree, p program) error {
	for _, dir := range slices.Sorted(maps.Keys(tree.Names)) {
		if isRead(dir) {
			if err := s.fillDir(tree, dir); err != nil {
				return err
			}
		}
	}
	for _, file := range slices.Sorted(maps.Keys(tree.Nodes)) {
		if dir, base := path.Split(file); isRead(file) && !slices.Contains(tree.Names[path.Clean(dir)], base) {
			if err := s.add(file, tree.Nodes[file]); err != nil {
				return err
			}
		}
	}
	for _, link := range slices.Sorted(maps.Keys(tree.Through)) {
		end := tree.Nodes[link].Target
		if !path.IsAbs(end) {
			end = path.Join(path.Dir(link), end)
		}
		end = path.Clean(end)
		if _, done := tree.Nodes[end]; isRead(link) && !(done && isRead(end)) {
			if err := s.add(end, tree.Through[link]); err != nil && !errors.Is(err, fs.ErrExist) {
				return err
			}
		}
	}
	for file, content := range p.files {
		if err := s.add(file, boot.Node{Entry: rootfs.Entry{Type: rootfs.File, Mode: 0o755}, Content: content}); err != nil {
			return err
		}
	}
	return nil
}

// fillDir writes a directory so that it lists its names in the order of the
// tree.
func (s *scratch) fillDir(tree boot.Tree, dir string) error {
	if err := s.mkdir(dir); err != nil {
		return err
	}
	d, err := s.root.OpenRoot(dir[1:])
	if err != nil {
		return err
	}
	defer d.Close() //nolint:errcheck // nothing is lost with a handle on a directory
	names := slices.Clone(tree.Names[dir])
	if s.newestFirst {
		slices.Reverse(names)
	}
	for _, name := range names {
		if err := put(d, name, tree.Nodes[dir+"/"+name]); err != nil {
			return err
		}
	}
	return nil
}

// add writes one path and the directories it is in.
func (s *scratch) add(file string, node boot.Node) error {
	if err := s.mkdir(path.Dir(file)); err != nil {
		return err
	}
	return put(s.root, file[1:], node)
}

// mkdir makes a directory and those it is in.
func (s *scratch) mkdir(dir string) error {
	if dir == "/" {
		return nil
	}
	if err := s.mkdir(path.Dir(dir)); err != nil {
		return err
	}
	return put(s.root, dir[1:], boot.Node{Entry: rootfs.Entry{Type: rootfs.Dir}})
}

// put makes a name that is not there yet, or a directory that may be. What is
// neither file nor symlink becomes a directory: insserv passes over one as it
// passes over a FIFO, and links to it do not dangle.
func put(dir *os.Root, name string, node boot.Node) error {
	var err error
	switch node.Type {
	case rootfs.File:
		// What root could read in the guest, the stranger can read here. Who
		// may execute it is the owner's bit, which insserv looks at.
		err = write(dir, name, node.Content, fs.FileMode(node.Mode)&0o777|0o444)
	case rootfs.Symlink:
		err = dir.Symlink(node.Target, name)
	case rootfs.Dir, rootfs.Other:
		if err = dir.Mkdir(name, 0o755); errors.Is(err, fs.ErrExist) {
			return nil
		}
	default: // a name without a node: gone while the guest was read
		return nil
	}
	if err != nil {
		return err
	}
	return dir.Lchown(name, stranger, stranger)
}

func write(dir *os.Root, name string, content []byte, mode fs.FileMode) error {
	f, err := dir.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Close())
}
