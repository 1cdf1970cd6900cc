package rootfs

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/bootledger/bootledger/boot/rootfs/rootfstest"
)

func file(mode uint32, content string) *Entry {
	sum := sha256.Sum256([]byte(content))
	return &Entry{Type: File, Mode: mode, SHA256: hex.EncodeToString(sum[:])}
}

func link(target string) *Entry { return &Entry{Type: Symlink, Target: target} }

func dir(mode uint32) *Entry { return &Entry{Type: Dir, Mode: mode} }

// states are the things that a path can hold, as a line of a tree, as an entry,
// and with the content.
var states = []struct {
	line    string // for the path etc/p
	entry   *Entry
	content string
}{
	{"", nil, ""},
	{"file etc/p 0644 one", file(0o644, "one"), "one"},
	{"file etc/p 0755 two", file(0o755, "two"), "two"},
	{"file etc/p 0644", file(0o644, ""), ""},
	{"link etc/p ../one", link("../one"), ""},
	{"link etc/p /two", link("/two"), ""},
	{"dir etc/p 0755", dir(0o755), ""},
	{"dir etc/p 0700", dir(0o700), ""},
}

// TestReplace tries every thing that a path holds, with every expectation and
// every wish.
func TestReplace(t *testing.T) {
	memory := inMemory(t)
	rootfstest.NoLeftovers(t, memory)
	for i, is := range states {
		for j, have := range states {
			for k, want := range states {
				name := fmt.Sprintf("%d holds %d wants %d", i, j, k)
				guest := filepath.Join(memory, fmt.Sprintf("%d-%d-%d", i, j, k))
				rootfstest.Build(t, guest, "dir etc", "file one 0644 canary", "file two 0644 canary")
				if is.line != "" {
					rootfstest.Build(t, guest, is.line)
				}
				goal := maps.Clone(rootfstest.Snapshot(t, guest))
				delete(goal, "/etc/p")
				target := guest + "-goal"
				if want.line != "" {
					rootfstest.Build(t, target, want.line)
					goal["/etc/p"] = rootfstest.Snapshot(t, target)["/etc/p"]
				}
				var fault error
				switch {
				case have.entry != nil && want.entry != nil && (have.entry.Type == Dir) != (want.entry.Type == Dir):
					fault = errors.ErrUnsupported
				case i != j:
					fault = ErrChanged
				}
				if fault != nil {
					goal = rootfstest.Snapshot(t, guest)
				}

				r := open(t, guest)
				err := r.Replace("/etc/p", have.entry, want.entry, []byte(want.content))
				if !errors.Is(err, fault) {
					t.Errorf("%s: got %v, want %v", name, err, fault)
				}
				if diff := cmp.Diff(goal, rootfstest.Snapshot(t, guest)); diff != "" {
					t.Errorf("%s: -want +got\n%s", name, diff)
				}
				if err := r.Sync(); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
	}
}

func TestReplaceRestoresExactly(t *testing.T) {
	guest := rootfstest.New(t, "dir etc")
	r := open(t, guest)
	when := time.Date(2009, 2, 14, 23, 31, 30, 123456789, time.UTC)
	uid, gid := 0, 0
	if os.Geteuid() == 0 {
		uid, gid = 33, 44
	}
	for _, want := range []Entry{
		{Type: File, Mode: 0o751, UID: uid, GID: gid, MTime: when, Size: 5, SHA256: helloSum},
		{Type: Symlink, Mode: 0o777, UID: uid, GID: gid, MTime: when, Target: "../init.d/x"},
		{Type: Dir, Mode: 0o711, UID: uid, GID: gid, MTime: when},
	} {
		path := "/etc/" + string(want.Type)
		if err := r.Replace(path, nil, &want, []byte("hello")); err != nil {
			t.Fatal(err)
		}
		got, err := r.Stat(path)
		if want.Type == File {
			got, _, err = r.Read(path, 10)
		}
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: -want +got\n%s", path, diff)
		}
	}
}

// TestReplaceDropsSetID holds that no record can make a program of the guest
// run as somebody else.
func TestReplaceDropsSetID(t *testing.T) {
	guest := rootfstest.New(t, "dir sgid 2755")
	r := open(t, guest)
	for name, want := range map[string]*Entry{"f": file(0o6755, "x"), "d": dir(0o7777)} {
		if err := r.Replace("/sgid/"+name, nil, want, []byte("x")); err != nil {
			t.Fatal(err)
		}
		got, err := r.Stat("/sgid/" + name)
		if err != nil || got.Mode != want.Mode&0o777 {
			t.Errorf("%s: got mode %04o, %v", name, got.Mode, err)
		}
	}
	rootfstest.Build(t, guest, "file suid 4755 x")
	if err := r.Replace("/suid", file(0o755, "x"), nil, nil); !errors.Is(err, ErrChanged) {
		t.Errorf("a set-id bit went unnoticed: %v", err)
	}
	if err := r.Replace("/suid", file(0o4755, "x"), nil, nil); err != nil {
		t.Error(err)
	}
}

// TestReplaceOwner holds that what is made belongs to the guest's root, and what
// was made by others is theirs again.
func TestReplaceOwner(t *testing.T) {
	needRoot(t, "gives files away")
	guest := rootfstest.New(t, "dir etc", "file etc/outside 0644 x", "owner . 100000 200000", "owner etc 100000 200000")
	r := open(t, guest)
	for name, want := range map[string]*Entry{"f": file(0o644, "x"), "l": link("x"), "d": dir(0o755)} {
		want.UID, want.GID = 7, 8
		if err := r.Replace("/etc/"+name, nil, want, []byte("x")); err != nil {
			t.Fatal(err)
		}
		var st unix.Stat_t
		if err := unix.Lstat(filepath.Join(guest, "etc", name), &st); err != nil {
			t.Fatal(err)
		}
		if st.Uid != 100007 || st.Gid != 200008 {
			t.Errorf("%s: got %d:%d, want 100007:200008", name, st.Uid, st.Gid)
		}
	}
	e, _, err := r.Read("/etc/outside", 10)
	if err != nil {
		t.Fatal(err)
	}
	before := rootfstest.Snapshot(t, guest)
	if err := r.Replace("/etc/outside", &e, &e, []byte("x")); err == nil {
		t.Error("an owner from outside of the guest was given to a file")
	}
	if diff := cmp.Diff(before, rootfstest.Snapshot(t, guest)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if err := r.Replace("/etc/outside", &e, nil, nil); err != nil {
		t.Error(err)
	}
}

func TestReplaceNoticesOwner(t *testing.T) {
	needRoot(t, "gives files away")
	guest := rootfstest.New(t, "file f 0644 x", "link l x", "owner f 1 0", "owner l 0 1")
	r := open(t, guest)
	before := rootfstest.Snapshot(t, guest)
	for path, have := range map[string]*Entry{"/f": file(0o644, "x"), "/l": link("x")} {
		if err := r.Replace(path, have, nil, nil); !errors.Is(err, ErrChanged) {
			t.Errorf("%s: got %v, want ErrChanged", path, err)
		}
	}
	if diff := cmp.Diff(before, rootfstest.Snapshot(t, guest)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestReplaceRefuses(t *testing.T) {
	guest, _ := plant(t)
	rootfstest.Build(t, guest, "dir etc/full", "file etc/full/x", "file etc/x 0644 x", "sparse etc/sparse 1099511627776", `file etc/huge`)
	if err := os.Truncate(filepath.Join(guest, "etc/huge"), maxContent+1); err != nil {
		t.Fatal(err)
	}
	r := open(t, guest)
	wrongSum := file(0o644, "y")
	tests := []struct {
		path       string
		have, want *Entry
		content    string
		err        error
	}{
		{"/", nil, file(0o644, ""), "", ErrOutside},
		{"etc/new", nil, link("x"), "", ErrOutside},
		{"/etc/../new", nil, link("x"), "", ErrOutside},
		{"/missing/new", nil, link("x"), "", fs.ErrNotExist},
		{"/etc/x/new", nil, link("x"), "", syscall.ENOTDIR},
		{"/etc/fifo/new", nil, link("x"), "", syscall.ENOTDIR},
		{"/abs/new", nil, link("x"), "", ErrOutside},
		{"/rel/new", nil, link("x"), "", ErrOutside},
		{"/up/new", nil, link("x"), "", ErrOutside},
		{"/host/new", nil, file(0o644, ""), "", ErrOutside},
		{"/host/canary", file(0o644, "canary"), nil, "", ErrOutside},
		{"/etc/host/rc2.d/S01x", file(0o644, "canary"), nil, "", ErrOutside},
		{"/loop/new", nil, link("x"), "", ErrOutside},
		{"/dangling/new", nil, link("x"), "", ErrOutside},
		{"/magic/new", nil, link("x"), "", ErrOutside},
		{"/etc/full", dir(0o755), nil, "", syscall.ENOTEMPTY},
		{"/etc/fifo", file(0o644, ""), nil, "", ErrChanged},
		{"/etc/socket", file(0o644, ""), file(0o644, ""), "", ErrChanged},
		{"/etc/fifo", nil, nil, "", ErrChanged},
		{"/etc/fifo", &Entry{Type: Other, Mode: 0o644}, nil, "", errors.ErrUnsupported},
		{"/etc/new", nil, &Entry{Type: Other, Mode: 0o644}, "", errors.ErrUnsupported},
		{"/etc/new", nil, &Entry{}, "", errors.ErrUnsupported},
		{"/etc/sparse", file(0o600, ""), nil, "", ErrChanged},
		{"/etc/huge", file(0o644, ""), nil, "", ErrChanged},
		{"/etc/x", &Entry{Type: File, Mode: 0o644}, nil, "", fs.ErrInvalid},
		{"/etc/x", file(0o644, "x"), wrongSum, "x", fs.ErrInvalid},
		{"/etc/x", file(0o644, "x"), &Entry{Type: File}, strings.Repeat("x", maxContent+1), ErrTooLarge},
		{"/etc/new", nil, link(""), "", fs.ErrNotExist},
		{"/etc/new", nil, link("a\x00b"), "", syscall.EINVAL},
		{"/etc/" + strings.Repeat("n", 256), nil, link("x"), "", syscall.ENAMETOOLONG},
	}
	before := rootfstest.Snapshot(t, guest)
	for _, tt := range tests {
		err := r.Replace(tt.path, tt.have, tt.want, []byte(tt.content))
		if !errors.Is(err, tt.err) {
			t.Errorf("%.30s: got %v, want %v", tt.path, err, tt.err)
		}
		if got, ok := errors.AsType[*PathError](err); !ok || got.Path != tt.path {
			t.Errorf("%.30s: error names %v", tt.path, got)
		}
	}
	if diff := cmp.Diff(before, rootfstest.Snapshot(t, guest)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// TestReplaceHardLink holds that the other name of a changed file keeps what it
// had.
func TestReplaceHardLink(t *testing.T) {
	guest := rootfstest.New(t, "file etc/x 0644 one", "hard other etc/x")
	r := open(t, guest)
	before := rootfstest.Snapshot(t, guest)["/other"]
	if err := r.Replace("/etc/x", file(0o644, "one"), file(0o755, "two"), []byte("two")); err != nil {
		t.Fatal(err)
	}
	if after := rootfstest.Snapshot(t, guest)["/other"]; after != before {
		t.Errorf("got %s, want %s", after, before)
	}
}

// TestReplaceOpenFile holds that a file that somebody is writing stays, and with
// it what he is going to write.
func TestReplaceOpenFile(t *testing.T) {
	guest := rootfstest.New(t, "file x 0644 one")
	f, err := os.OpenFile(filepath.Join(guest, "x"), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	r := open(t, guest)
	for _, want := range []*Entry{nil, file(0o644, "two")} {
		if err := r.Replace("/x", file(0o644, "one"), want, []byte("two")); !errors.Is(err, ErrChanged) {
			t.Errorf("got %v, want ErrChanged", err)
		}
	}
	if _, err := f.WriteString("edit"); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(guest, "x")); err != nil || string(got) != "edit" {
		t.Errorf("got %q, %v", got, err)
	}
	if err := r.Replace("/x", file(0o644, "edit"), nil, nil); err != nil {
		t.Errorf("after the writer left: %v", err)
	}
}

func TestReplaceNames(t *testing.T) {
	guest := rootfstest.New(t, "dir etc")
	r := open(t, guest)
	for _, name := range []string{"a\nb", "\x1b[31m", "\xff\xfe", "-rf", " ", "...", strings.Repeat("n", 255)} {
		if err := r.Replace("/etc/"+name, nil, file(0o644, name), []byte(name)); err != nil {
			t.Error(err)
		}
		if _, got, err := r.Read("/etc/"+name, 1000); err != nil || !bytes.Equal(got, []byte(name)) {
			t.Errorf("%q: got %q, %v", name, got, err)
		}
	}
}

// TestAlterDirOfAnother holds that a directory that took the place of the
// expected one keeps its mode.
func TestAlterDirOfAnother(t *testing.T) {
	guest := rootfstest.New(t, "dir etc/d 0750")
	r := open(t, guest)
	if err := r.alterDir(etc(t, r), "d", dir(0o700), dir(0o755)); !errors.Is(err, ErrChanged) {
		t.Errorf("got %v, want ErrChanged", err)
	}
	if e, err := r.Stat("/etc/d"); err != nil || e.Mode != 0o750 {
		t.Errorf("got mode %04o, %v", e.Mode, err)
	}
}

func TestSyncKeepsErrors(t *testing.T) {
	guest := rootfstest.New(t, "dir etc")
	r := open(t, guest)
	if err := r.Replace("/etc/x", nil, link("y"), nil); err != nil {
		t.Fatal(err)
	}
	if err := r.changed[0].Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := r.Sync(); err == nil {
			t.Error("a failed sync was forgotten")
		}
	}
}

func TestSyncRemembersDirectories(t *testing.T) {
	guest := rootfstest.New(t, "dir a", "dir b")
	r := open(t, guest)
	for _, path := range []string{"/b/1", "/a/1", "/b/2", "/a/2", "/1"} {
		if err := r.Replace(path, nil, link("x"), nil); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for _, d := range r.changed {
		got = append(got, d.Name())
	}
	if diff := cmp.Diff([]string{"b", "a", "."}, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if err := r.Sync(); err != nil || len(r.changed) != 0 {
		t.Errorf("got %v, %d directories left", err, len(r.changed))
	}
}

func TestLeftovers(t *testing.T) {
	guest := rootfstest.New(t, "file etc/.bootledger-A 0000 part", "link etc/.bootledger-B x", "dir etc/.bootledger-C",
		"dir etc/.bootledger-D", "file etc/.bootledger-D/x", "file etc/.bootledge", "file etc/x")
	r := open(t, guest)
	got, err := r.Leftovers("/etc")
	if err != nil || len(got) != 4 {
		t.Fatalf("got %q, %v", got, err)
	}
	for _, path := range got {
		var want error
		if strings.HasSuffix(path, "D") {
			want = syscall.ENOTEMPTY
		}
		if err := r.RemoveLeftover(path); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", path, err, want)
		}
	}
	if err := os.RemoveAll(filepath.Join(guest, "etc/.bootledger-D")); err != nil {
		t.Fatal(err)
	}
	if err := r.RemoveLeftover("/etc/x"); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("somebody else's file: got %v, want ErrInvalid", err)
	}
	if got, err := r.Leftovers("/missing"); err != nil || got != nil {
		t.Errorf("/missing: got %q, %v", got, err)
	}
	for _, path := range []string{"/etc/x", "/etc/.bootledge"} {
		if _, err := r.Stat(path); err != nil {
			t.Error(err)
		}
	}
}
