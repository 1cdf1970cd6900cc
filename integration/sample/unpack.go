package sample

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bootledger/bootledger/boot/lsb"
)

const (
	initDir    = "/etc/init.d/"
	legacyMark = initDir + ".legacy-bootordering"
)

// guests maps the name of each guest to its release and what tells it apart.
var guests = map[string]struct {
	release string
	change  func(*archive)
}{
	"lenny":                    {"lenny", func(*archive) {}},
	"squeeze-startpar":         {"squeeze", func(*archive) {}},
	"squeeze-concurrency-none": {"squeeze", withoutConcurrency},
	"squeeze-legacy":           {"squeeze", withLegacyOrder},
}

func withoutConcurrency(a *archive) {
	a.files["/etc/default/rcS"] = append(slices.Clone(a.files["/etc/default/rcS"]), "CONCURRENCY=none\n"...)
}

// withLegacyOrder makes the guest one whose administrator declined the
// migration to insserv: it was never run.
func withLegacyOrder(a *archive) {
	maps.DeleteFunc(a.files, func(path string, _ []byte) bool { return strings.HasPrefix(path, initDir+".depend.") })
	a.files[legacyMark] = nil
	a.links = a.legacy
}

// Names lists the guests that Unpack knows, sorted.
func Names() []string { return slices.Sorted(maps.Keys(guests)) }

// Unpack makes the guest of that name in the host's directory dir, which must
// exist and be empty. Whoever calls owns what is made; no privilege is needed.
func Unpack(dir, name string) error {
	guest, known := guests[name]
	if !known {
		return fmt.Errorf("no sample guest is called %q: there are %s", name, strings.Join(Names(), ", "))
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("cannot unpack a sample guest: %w", err)
	}
	if len(entries) > 0 {
		return fmt.Errorf("cannot unpack a sample guest to %s: it is not empty", dir)
	}
	a, err := readArchive(guest.release)
	if err != nil {
		return err
	}
	guest.change(&a)
	a.files[statusPath] = status(a.packages, a.files)
	a.files["/var/lib/dpkg/lock"] = nil

	for _, level := range lsb.AllRunlevels {
		if err := os.MkdirAll(filepath.Join(dir, "etc", level.Dir()), 0o755); err != nil {
			return err
		}
	}
	for _, path := range slices.Sorted(maps.Keys(a.files)) {
		if err := writeFile(dir, path, a.files[path]); err != nil {
			return err
		}
	}
	return makeLinks(dir, a.links)
}

// writeFile writes a file of the guest, with the mode that its place asks for
// whatever the umask is.
func writeFile(dir, path string, content []byte) error {
	mode := fs.FileMode(0o644)
	if strings.HasPrefix(string(content), "#!") {
		mode = 0o755
	}
	path = filepath.Join(dir, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(path, content, mode); err != nil {
		return err
	}
	return os.Chmod(path, mode)
}

func makeLinks(dir string, links []lsb.Link) error {
	for _, link := range links {
		if err := os.Symlink("../init.d/"+link.Name, filepath.Join(dir, link.Path())); err != nil {
			return err
		}
	}
	return nil
}
