package sample

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bootledger/bootledger/boot/lsb"
)

// unpack makes a guest for one test.
func unpack(t *testing.T, name string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := Unpack(dir, name); err != nil {
		t.Fatal(err)
	}
	return dir
}

// links lists the paths of all links in the runlevel directories.
func links(t *testing.T, dir string) []string {
	t.Helper()
	paths, err := fs.Glob(os.DirFS(dir), "etc/rc?.d/*")
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

func read(t *testing.T, dir, path string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dir, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// TestUnpack checks that each guest is whole: every link leads to a script,
// every script has a header and an owner and can be run.
func TestUnpack(t *testing.T) {
	for _, name := range Names() {
		t.Run(name, func(t *testing.T) {
			dir := unpack(t, name)
			linked := map[string]bool{}
			for _, path := range links(t, dir) {
				if status, err := os.Stat(filepath.Join(dir, path)); err != nil || status.Mode() != 0o755 {
					t.Errorf("%s leads to no script that can be run: %v, %v", path, status, err)
				}
				linked[filepath.Base(path)[3:]] = true
			}
			if len(linked) < 45 {
				t.Errorf("only %d scripts have links", len(linked))
			}
			status := read(t, dir, statusPath)
			for script := range linked {
				path := "/etc/init.d/" + script
				header := lsb.ParseHeader([]byte(read(t, dir, path)))
				if !header.Found() || len(header.Warnings) > 0 {
					t.Errorf("%s has no clean header: %v", path, header.Warnings)
				}
				if !strings.Contains(status, "\n "+path+" ") {
					t.Errorf("%s belongs to no package", path)
				}
			}
		})
	}
}

// TestVariants checks what tells the guests apart: the facts that the boot
// scheme is found by.
func TestVariants(t *testing.T) {
	type facts struct {
		Release, Udev, Checkroot, HaltStop string
		Depend, Insserv, Legacy, None      bool
	}
	link := func(dir, pattern string) string {
		paths, err := filepath.Glob(filepath.Join(dir, "etc", pattern))
		if err != nil || len(paths) != 1 {
			return fmt.Sprint(paths, err)
		}
		return filepath.Base(paths[0])
	}
	has := func(dir, path string) bool {
		status, err := os.Stat(filepath.Join(dir, path))
		return err == nil && (status.Size() > 0 || path == legacyMark)
	}
	for name, want := range map[string]facts{
		"lenny":                    {"5.0.10\n", "S03udev", "S10checkroot.sh", "S40umountfs", false, false, false, false},
		"squeeze-startpar":         {"6.0.10\n", "S02udev", "S08checkroot.sh", "K08umountfs", true, true, false, false},
		"squeeze-concurrency-none": {"6.0.10\n", "S02udev", "S08checkroot.sh", "K08umountfs", true, true, false, true},
		"squeeze-legacy":           {"6.0.10\n", "S03udev", "S10checkroot.sh", "S40umountfs", false, true, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			dir := unpack(t, name)
			got := facts{
				Release:   read(t, dir, "etc/debian_version"),
				Udev:      link(dir, "rcS.d/S??udev"),
				Checkroot: link(dir, "rcS.d/S??checkroot.sh"),
				HaltStop:  link(dir, "rc0.d/???umountfs"),
				Depend:    has(dir, "etc/init.d/.depend.boot") && has(dir, "etc/init.d/.depend.start") && has(dir, "etc/init.d/.depend.stop"),
				Insserv:   has(dir, "sbin/insserv"),
				Legacy:    has(dir, legacyMark),
				None:      strings.Contains(read(t, dir, "etc/default/rcS"), "CONCURRENCY=none\n"),
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("facts (-want +got):\n%s", diff)
			}
		})
	}
}

func TestUnpackRefuses(t *testing.T) {
	dir := unpack(t, "lenny")
	for _, test := range []struct{ name, dir, guest string }{
		{"unknown guest", t.TempDir(), "sarge"},
		{"directory in use", dir, "lenny"},
		{"no directory", filepath.Join(dir, "none"), "lenny"},
	} {
		if err := Unpack(test.dir, test.guest); err == nil {
			t.Errorf("%s: no error", test.name)
		}
	}
}

func TestParseLinks(t *testing.T) {
	got, err := parseLinks("hwclock.sh S11 S K25 06\n")
	want := []lsb.Link{
		{Runlevel: 'S', Action: lsb.Start, Sequence: 11, Name: "hwclock.sh"},
		{Runlevel: '0', Action: lsb.Stop, Sequence: 25, Name: "hwclock.sh"},
		{Runlevel: '6', Action: lsb.Stop, Sequence: 25, Name: "hwclock.sh"},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("links (-want +got):\n%s%v", diff, err)
	}
	for _, listing := range []string{"udev S03\n", "udev S3 S\n", "udev S03 7\n", "\n"} {
		if links, err := parseLinks(listing); err == nil {
			t.Errorf("parseLinks(%q) = %v, want an error", listing, links)
		}
	}
}

func TestWithNewVersions(t *testing.T) {
	status := status([]dpkgPackage{{"udev", "164-3", nil}, {"lvm2", "2.02-5", []string{"/etc/init.d/lvm2"}}}, nil)
	got := withNewVersions(status, "lvm2")
	want := bytes.Replace(status, []byte("2.02-5"), []byte("2.02-5+u1"), 1)
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("status (-want +got):\n%s", diff)
	}
}
