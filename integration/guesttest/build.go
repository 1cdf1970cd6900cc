package guesttest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Releases are the Debian releases that Build knows, oldest first, with
// insserv 1.21, 1.24 and 1.26.
var Releases = []string{"bullseye", "bookworm", "trixie"}

// buildTimeout bounds the building of one guest, which takes 30 s on two cores.
const buildTimeout = 10 * time.Minute

// packages make a guest that has something to take out of its boot.
var packages = []string{
	"sysvinit-core", "sysv-rc", "insserv", "initscripts", "startpar", "procps", "udev", "kmod", "ifupdown", "cron",
	"openssh-server", "e2fsprogs", "lvm2", "mdadm", "hdparm", "fuse3", "lm-sensors", "console-setup", "kbd", "nfs-common", "rsyslog",
}

// Build gives the root directory of a fresh guest of a release, as its package
// mirror has it. The guest is an overlay: it may be changed freely and is gone
// when the test ends. Its services are never started by dpkg, and it holds the
// packages that reinstalling any of its own and installing apache2, without what
// that recommends, take, so that both work without a network.
func Build(t testing.TB, release string) string {
	t.Helper()
	Need(t, "mmdebstrap")
	return Copy(t, cached(t, release))
}

// Copy gives a copy of the guest in the directory lower, which must not change
// while the test runs. What is written to the copy is kept in memory.
func Copy(t testing.TB, lower string) string {
	t.Helper()
	Need(t)
	memory, root := filepath.Join(t.TempDir(), "memory"), filepath.Join(t.TempDir(), "guest")
	must(t, os.Mkdir(memory, 0o755))
	must(t, os.Mkdir(root, 0o755))
	// On a tmpfs an overlay works whatever file system the machine has.
	mount(t, "tmpfs", memory, "tmpfs", "mode=755")
	upper, work := filepath.Join(memory, "upper"), filepath.Join(memory, "work")
	must(t, os.Mkdir(upper, 0o755))
	must(t, os.Mkdir(work, 0o755))
	mount(t, "overlay", root, "overlay", "lowerdir="+lower+",upperdir="+upper+",workdir="+work)
	return root
}

// machineFstab names disks as the installer of a physical machine does.
const machineFstab = `# <file system> <mount point> <type> <options> <dump> <pass>
UUID=5c1a2b8e-3f6d-4c55-9d3c-0f2f5d3b7a11 /     ext4 errors=remount-ro 0 1
UUID=0b9e6a40-12ab-4e0d-8f2e-77f1c2d3e4f5 /home ext4 defaults          0 2
/dev/sda5                                 none  swap sw                0 0
`

// BuildMachine is Build for the image of a physical machine: its fstab names
// disks that LXC does not have. Unless it is converted it stops in sulogin.
func BuildMachine(t testing.TB, release string) string {
	t.Helper()
	root := Build(t, release)
	must(t, os.WriteFile(filepath.Join(root, "etc", "fstab"), []byte(machineFstab), 0o644))
	return root
}

// cached gives the directory of a release's guest, building it when this
// machine does not have it yet.
func cached(t testing.TB, release string) string {
	t.Helper()
	if !slices.Contains(Releases, release) {
		t.Fatalf("no guest of %q can be built", release)
	}
	args := recipe(release)
	sum := sha256.Sum256([]byte(strings.Join(args, "\x00")))
	dir := filepath.Join(cacheDir(t), release+"-"+hex.EncodeToString(sum[:4]))

	unlock := lock(t, dir+".lock")
	defer unlock()
	_, err := os.Stat(dir)
	if err == nil {
		return dir
	}
	if !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), buildTimeout)
	defer cancel()
	began, unfinished := time.Now(), dir+".new"
	must(t, os.RemoveAll(unfinished))
	if out, err := exec.CommandContext(ctx, "mmdebstrap", append(args, release, unfinished)...).CombinedOutput(); err != nil {
		lists, _ := filepath.Glob(filepath.Join(unfinished, "var/lib/apt/lists/*Packages*"))
		if len(lists) == 0 {
			Skip(t, "needs a package mirror with %s: mmdebstrap: %v\n%s", release, err, out)
		}
		t.Fatalf("mmdebstrap %s: %v\n%s", release, err, out)
	}
	must(t, os.Rename(unfinished, dir))
	t.Logf("built a guest of %s in %v", release, time.Since(began).Round(time.Second))
	return dir
}

// recipe gives mmdebstrap's arguments: all but the release, which it takes from
// the mirror it has built in, and the target.
func recipe(release string) []string {
	include := slices.Clone(packages)
	if release != "bullseye" {
		// Holds what the packages of cron, rsyslog and mdadm no longer ship.
		include = append(include, "orphan-sysvinit-scripts")
	}
	return []string{
		"--mode=root", "--variant=minbase", "--format=directory", "--include=" + strings.Join(include, ","),
		"--dpkgopt=force-unsafe-io",
		// The lists and the downloaded packages stay in the guest: apt-get works
		// without a network.
		"--skip=cleanup/apt/lists,cleanup/apt/cache",
		`--customize-hook=APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" apt-get --yes --no-install-recommends --download-only install apache2`,
		// As the installer leaves it; checkroot.sh would make it at the first boot.
		// From trixie on base-files brings it.
		`--customize-hook=ln -sf ../proc/self/mounts "$1/etc/mtab"`,
		`--customize-hook=printf '#!/bin/sh\nexit 101\n' >"$1/usr/sbin/policy-rc.d" && chmod 755 "$1/usr/sbin/policy-rc.d"`,
	}
}

// cacheDir gives the directory in which guests are kept.
func cacheDir(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("BOOTLEDGER_GUESTS")
	if dir == "" {
		cache, err := os.UserCacheDir()
		must(t, err)
		dir = filepath.Join(cache, "bootledger", "guests")
	}
	must(t, os.MkdirAll(dir, 0o755))
	return dir
}

// lock keeps the tests of other packages, which run at the same time, from
// building the same guest.
func lock(t testing.TB, name string) (unlock func()) {
	t.Helper()
	file, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	must(t, err)
	must(t, syscall.Flock(int(file.Fd()), syscall.LOCK_EX))
	return func() { _ = file.Close() }
}

// mount mounts a file system until the test ends.
func mount(t testing.TB, source, target, fstype, options string) {
	t.Helper()
	if err := syscall.Mount(source, target, fstype, 0, options); err != nil {
		t.Fatalf("cannot mount %s on %s: %v", fstype, target, err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(target, syscall.MNT_DETACH); err != nil {
			t.Errorf("cannot unmount %s: %v", target, err)
		}
	})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
