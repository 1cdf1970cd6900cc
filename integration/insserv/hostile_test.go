package insserv

import (
	"bytes"
	"context"
	"debug/elf"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/bootledger/bootledger/boot"
	"github.com/bootledger/bootledger/boot/rootfs"
	"github.com/bootledger/bootledger/integration/guesttest"
	"github.com/bootledger/bootledger/snapshot"
)

// shellEngine gives an engine whose insserv is this machine's shell, and a tree with a
// script for it to run, named by its one argument.
func shellEngine(t *testing.T, script string) (*Engine, boot.Tree, []string) {
	t.Helper()
	guesttest.Need(t)
	content, err := os.ReadFile("/bin/sh")
	if err != nil {
		t.Fatal(err)
	}
	p := program{path: places[0], files: map[string][]byte{places[0]: content}}
	if err := p.link(openRoot(t, "/"), places[0]); err != nil {
		t.Fatal(err)
	}
	tree := sampleTree(t)
	const name = "hostile"
	tree.Nodes[boot.InitDir+"/"+name] = boot.Node{Entry: rootfs.Entry{Type: rootfs.File, Mode: 0o644}, Content: []byte(script)}
	tree.Names[boot.InitDir] = append(tree.Names[boot.InitDir], name)
	return &Engine{program: p}, tree, []string{boot.InitDir + "/" + name}
}

// TestHostileEnds checks what becomes of programs that do what they must not.
func TestHostileEnds(t *testing.T) {
	for _, test := range []struct {
		name, script, want string
	}{
		{"forks", "(: )", "exit code"},
		{"runs a program", "/sbin/insserv -c :", "exit code"},
		{"has an exit code of its own", "exit 3", "exit code 3"},
		{"kills itself", "kill -9 $$; exit 4", "exit code 4"}, // as the init of its namespace it cannot
		{"changes a script", "echo x >>/etc/init.d/cron", "it changed /etc/init.d/cron"},
		{"changes overrides", "echo x >/etc/insserv.conf", "it changed /etc/insserv.conf"},
		{"makes a script", "echo x >/etc/init.d/new", "it made /etc/init.d/new"},
		{"makes a link that is none", "echo x >/etc/rc2.d/S01x", "which is no link to a script"},
		{"makes an override", "echo x >/etc/lsb-release", "it made /etc/lsb-release"},
	} {
		t.Run(test.name, func(t *testing.T) {
			engine, tree, args := shellEngine(t, test.script+"\n")
			_, err := engine.Run(t.Context(), tree, args)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
}

// TestHostileIsEnded checks that what goes on for ever does not.
func TestHostileIsEnded(t *testing.T) {
	for name, script := range map[string]string{
		"hangs":             "while :; do :; done",
		"writes for ever":   "while :; do echo again and again; done",
		"fills the disk":    "while :; do echo again and again >>/etc/fill; done",
		"ignores signals":   "trap '' INT TERM HUP XCPU; while :; do :; done",
		"waits for a child": "while :; do wait; done",
	} {
		t.Run(name, func(t *testing.T) {
			engine, tree, args := shellEngine(t, script+"\n")
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			if _, err := engine.Run(ctx, tree, args); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("error %v, want %v", err, context.DeadlineExceeded)
			}
		})
	}
}

func TestHostileOutput(t *testing.T) {
	engine, tree, args := shellEngine(t, `i=0; while [ $i -lt 10000 ]; do echo 0123456789; echo 9876543210 >&2; i=$((i+1)); done`+"\n")
	got, err := engine.Run(t.Context(), tree, args)
	if err != nil {
		t.Fatal(err)
	}
	for _, output := range []string{got.Stdout, got.Stderr} {
		if note := "\n[44464 more bytes were cut]\n"; len(output) != maxOutput+len(note) || !strings.HasSuffix(output, note) {
			t.Errorf("%d bytes of output, ending in %q", len(output), output[max(0, len(output)-40):])
		}
	}
}

// TestHostileSees checks what there is for the program to see and write.
func TestHostileSees(t *testing.T) {
	canary := filepath.Join(t.TempDir(), "canary")
	if err := os.WriteFile(canary, []byte("sings"), 0o666); err != nil {
		t.Fatal(err)
	}
	passwd, err := os.ReadFile("/etc/passwd")
	if err != nil {
		t.Fatal(err)
	}
	engine, tree, args := shellEngine(t, `
for file in /* /../../*; do echo $file; done
read line && echo there is input
ulimit -t
ulimit -n
{ echo x >>/etc/passwd; } && echo made a passwd
{ echo x >>/../../../../../../etc/shadow; } && echo made a shadow
{ echo x >>`+canary+`; } && echo reached the canary
{ read line </dev/tty; } && echo has a terminal
exit 0
`)
	got, err := engine.Run(t.Context(), tree, args)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(strings.TrimSpace(got.Stdout), "\n") {
		if !slices.Contains([]string{"/etc", "/lib", "/lib64", "/sbin", "10", "256", "made a passwd", "made a shadow"}, strings.ReplaceAll(line, "/../..", "")) {
			t.Errorf("it says %q", line)
		}
	}
	if !strings.Contains(got.Stdout, "made a shadow") {
		t.Errorf("it could not write to its own scratch copy: %q, %q", got.Stdout, got.Stderr)
	}
	if sings, err := os.ReadFile(canary); string(sings) != "sings" {
		t.Errorf("the canary holds %q, %v", sings, err)
	}
	if now, err := os.ReadFile("/etc/passwd"); !bytes.Equal(now, passwd) {
		t.Errorf("/etc/passwd was changed, %v", err)
	}
}

// TestForeignArchitecture checks what is said of a program that the kernel does
// not start.
func TestForeignArchitecture(t *testing.T) {
	guesttest.Need(t)
	var header bytes.Buffer
	if err := binary.Write(&header, binary.BigEndian, elf.Header64{
		Ident: [elf.EI_NIDENT]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2MSB), byte(elf.EV_CURRENT)},
		Type:  uint16(elf.ET_EXEC), Machine: uint16(elf.EM_S390), Version: uint32(elf.EV_CURRENT), Ehsize: 64,
	}); err != nil {
		t.Fatal(err)
	}
	engine := &Engine{program: program{path: places[0], files: map[string][]byte{places[0]: header.Bytes()}}}
	_, err := engine.Run(t.Context(), sampleTree(t), nil)
	if !errors.Is(err, syscall.ENOEXEC) || !strings.Contains(err.Error(), "architecture") {
		t.Errorf("error %v, want one about the architecture", err)
	}
}

// TestWithoutNamespaces runs insserv as a container does whose root may not make
// namespaces or mounts, and lets go of what it may not limit.
func TestWithoutNamespaces(t *testing.T) {
	engine, native := engines(t, "/")
	tree := sampleTree(t)
	args := []string{"-f", "-r", "udev", "checkroot.sh"}
	want, err := native.Run(t.Context(), tree, args)
	if err != nil {
		t.Fatal(err)
	}
	for _, live := range []bool{true, false} {
		engine.live = live
		var s scratch
		var got snapshot.Outcome
		onThread(t, func() {
			if err = drop(unix.CAP_SYS_ADMIN, unix.CAP_SYS_RESOURCE); err == nil {
				got, err = engine.run(t.Context(), &s, tree, args)
			}
		})
		if err := s.remove(); err != nil {
			t.Error(err)
		}
		switch {
		case !live && (!errors.Is(err, syscall.EPERM) || snapshot.Explain(err).Hint != hint):
			t.Errorf("in another guest: error %v, want one that names a way out", err)
		case live && err != nil:
			t.Errorf("in our own guest: %v", err)
		case live && (len(linksOf(got.Tree, "udev")) > 0 || len(got.Tree.Nodes) != len(want.Tree.Nodes)):
			t.Errorf("in our own guest: links %q, %d paths, want %d", linksOf(got.Tree, "udev"), len(got.Tree.Nodes), len(want.Tree.Nodes))
		}
	}
}

// drop takes capabilities from the thread.
func drop(capabilities ...int) error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return err
	}
	for _, capability := range capabilities {
		data[capability/32].Effective &^= 1 << (capability % 32)
		data[capability/32].Permitted &^= 1 << (capability % 32)
	}
	return unix.Capset(&header, &data[0])
}
