package insserv

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/bootledger/bootledger/boot/rootfs"
)

// places are where Debian's releases have insserv; update-rc.d(8) looks there,
// too.
var places = []string{"/sbin/insserv", "/usr/sbin/insserv", "/usr/lib/insserv/insserv"}

// libraryDir is where the scratch copy has the libraries.
const libraryDir = "/lib/"

const (
	maxBinary    = 16 << 20 // bytes of the program and of each library
	maxLibraries = 16       // Debian's insserv takes one
)

// triplets name the directories in which guests since Debian 7 have the
// libraries of an architecture.
var triplets = map[elf.Machine][]string{
	elf.EM_X86_64:  {"x86_64-linux-gnu"},
	elf.EM_386:     {"i386-linux-gnu"},
	elf.EM_AARCH64: {"aarch64-linux-gnu"},
	elf.EM_ARM:     {"arm-linux-gnueabihf", "arm-linux-gnueabi"},
}

// program is insserv and all that it takes to start it.
type program struct {
	path  string
	files map[string][]byte // by path in the scratch copy
}

// readProgram reads the guest's insserv; ErrNone if there is none.
func readProgram(root *rootfs.Root) (program, error) {
	for _, place := range places {
		entry, content, err := root.Read(place, maxBinary)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return program{}, err
		}
		switch {
		case entry.UID != 0 || entry.Mode&0o022 != 0:
			return program{}, fmt.Errorf("others than the guest's root may write to %s", place)
		case entry.Mode&0o111 == 0:
			return program{}, fmt.Errorf("%s is not executable", place)
		}
		p := program{path: place, files: map[string][]byte{place: content}}
		return p, p.link(root, place)
	}
	return program{}, ErrNone
}

// link adds the loader and the libraries that a file names.
func (p program) link(root *rootfs.Root, file string) error {
	binary, err := elf.NewFile(bytes.NewReader(p.files[file]))
	if err != nil {
		return fmt.Errorf("%s is no ELF program", file) // a script could not run alone
	}
	for _, segment := range binary.Progs {
		if segment.Type != elf.PT_INTERP {
			continue
		}
		name, err := io.ReadAll(io.LimitReader(segment.Open(), 4096))
		if err != nil {
			return fmt.Errorf("cannot read which loader %s wants: %w", file, err)
		}
		loader := strings.TrimRight(string(name), "\x00")
		if _, p.files[loader], err = root.ReadThrough(loader, maxBinary); err != nil {
			return fmt.Errorf("cannot load %s: %w", file, err)
		}
	}
	libraries, err := binary.ImportedLibraries()
	if err != nil {
		return fmt.Errorf("cannot read which libraries %s wants: %w", file, err)
	}
	for _, library := range libraries {
		copied := libraryDir + library
		if _, there := p.files[copied]; there {
			continue
		}
		if p.files[copied], err = findLibrary(root, library, binary); err != nil {
			return fmt.Errorf("cannot load %s: %w", file, err)
		}
		if len(p.files) > maxLibraries+2 {
			return fmt.Errorf("cannot load %s: it wants more than %d libraries", p.path, maxLibraries)
		}
		if err := p.link(root, copied); err != nil {
			return err
		}
	}
	return nil
}

// findLibrary reads a library of the kind that user is, from the directories
// that ld.so(8) of the guest would search without its cache.
func findLibrary(root *rootfs.Root, name string, user *elf.File) ([]byte, error) {
	var dirs []string
	for _, triplet := range triplets[user.Machine] {
		dirs = append(dirs, "/lib/"+triplet, "/usr/lib/"+triplet)
	}
	for _, dir := range append(dirs, "/lib", "/usr/lib", "/lib64", "/usr/lib64") {
		_, content, err := root.ReadThrough(dir+"/"+name, maxBinary)
		if err != nil {
			continue
		}
		library, err := elf.NewFile(bytes.NewReader(content))
		if err == nil && library.Machine == user.Machine && library.Class == user.Class {
			return content, nil
		}
	}
	return nil, fmt.Errorf("no library %s for %v", rootfs.Quote(name), user.Machine)
}
