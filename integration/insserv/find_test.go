package insserv

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/bootledger/bootledger/integration/guesttest"
	"github.com/bootledger/bootledger/snapshot"
)

// TestFindRefuses checks which programs are not taken for the guest's insserv.
func TestFindRefuses(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	shell, err := os.ReadFile("/bin/sh")
	if err != nil {
		t.Fatal(err)
	}
	foreign := bytes.Clone(shell)
	binary.NativeEndian.PutUint16(foreign[18:], 22) // e_machine: S/390
	write := func(content []byte, mode os.FileMode) func(string) error {
		return func(path string) error { return errors.Join(os.WriteFile(path, content, mode), os.Chmod(path, mode)) }
	}
	for _, test := range []struct {
		name string
		make func(path string) error
		want string
	}{
		{"a script", write([]byte("#!/bin/sh\nexit 0\n"), 0o755), "no ELF program"},
		{"empty", write(nil, 0o755), "no ELF program"},
		{"cut short", write(shell[:len(shell)/2], 0o755), "/sbin/insserv"},
		{"not executable", write(shell, 0o644), "not executable"},
		{"writable by others", write(shell, 0o777), "others than the guest's root"},
		{"for another architecture", write(foreign, 0o755), "no such file or directory"},
		{"a symlink to the host", func(path string) error { return os.Symlink(self, path) }, "not a regular file"},
		{"a FIFO", func(path string) error { return syscall.Mkfifo(path, 0o755) }, "not a regular file"},
		{"a directory", func(path string) error { return os.Mkdir(path, 0o755) }, "not a regular file"},
		{"too large", func(path string) error {
			return errors.Join(write(shell, 0o755)(path), os.Truncate(path, maxBinary+1))
		}, "too large"},
		{"without its loader", write(shell, 0o755), "cannot load /sbin/insserv"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Find(openRoot(t, guestWith(t, test.make)))
			if err == nil || !strings.Contains(err.Error(), test.want) || errors.Is(err, ErrNone) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
			if snapshot.Explain(err).Hint != hint {
				t.Errorf("hint %q, want %q", snapshot.Explain(err).Hint, hint)
			}
		})
	}
}

func TestFindNone(t *testing.T) {
	if _, err := Find(openRoot(t, t.TempDir())); !errors.Is(err, ErrNone) {
		t.Errorf("error %v, want %v", err, ErrNone)
	}
}

func TestFindOfAnotherOwner(t *testing.T) {
	guesttest.Need(t)
	dir := guestWith(t, func(path string) error {
		return errors.Join(os.WriteFile(path, nil, 0o755), os.Chown(path, stranger, 0))
	})
	if _, err := Find(openRoot(t, dir)); err == nil || !strings.Contains(err.Error(), "others than the guest's root") {
		t.Errorf("error %v, want one about its owner", err)
	}
}

// guestWith makes a guest that holds nothing but what becomes of /sbin/insserv.
func guestWith(t *testing.T, insserv func(path string) error) (dir string) {
	t.Helper()
	dir = t.TempDir()
	path := filepath.Join(dir, "sbin", "insserv")
	if err := errors.Join(os.Mkdir(filepath.Dir(path), 0o755), insserv(path)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// FuzzLink has hostile programs tell which loader and libraries they want, in a
// guest that has none.
func FuzzLink(f *testing.F) {
	var seed bytes.Buffer
	const loader = "/lib/ld-linux.so.2\x00"
	if err := errors.Join(
		binary.Write(&seed, binary.LittleEndian, elf.Header64{
			Ident:   [elf.EI_NIDENT]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)},
			Type:    uint16(elf.ET_DYN),
			Machine: uint16(elf.EM_X86_64), Version: uint32(elf.EV_CURRENT),
			Phoff: 64, Phentsize: 56, Phnum: 1, Shoff: 139, Shentsize: 64, Shnum: 2, Shstrndx: 0,
		}),
		binary.Write(&seed, binary.LittleEndian, elf.Prog64{Type: uint32(elf.PT_INTERP), Off: 120, Filesz: uint64(len(loader))}),
		binary.Write(&seed, binary.LittleEndian, []byte(loader)),
		binary.Write(&seed, binary.LittleEndian, elf.Section64{Type: uint32(elf.SHT_STRTAB), Off: 120, Size: uint64(len(loader))}),
		binary.Write(&seed, binary.LittleEndian, elf.Section64{Type: uint32(elf.SHT_DYNAMIC), Off: 0, Size: 64}),
	); err != nil {
		f.Fatal(err)
	}
	f.Add(seed.Bytes())
	root := openRoot(f, f.TempDir())
	f.Fuzz(func(t *testing.T, content []byte) {
		p := program{path: places[0], files: map[string][]byte{places[0]: content}}
		if err := p.link(root, places[0]); err == nil && len(p.files) > 1 {
			t.Errorf("an empty guest has %d libraries", len(p.files)-1)
		}
	})
}
