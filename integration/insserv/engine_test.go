package insserv

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bootledger/bootledger/boot"
	"github.com/bootledger/bootledger/boot/order"
	"github.com/bootledger/bootledger/boot/rootfs"
	"github.com/bootledger/bootledger/integration/guesttest"
	"github.com/bootledger/bootledger/integration/ordertest"
	"github.com/bootledger/bootledger/integration/sample"
	"github.com/bootledger/bootledger/snapshot"
)

func openRoot(t testing.TB, dir string) *rootfs.Root {
	t.Helper()
	root, err := rootfs.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return root
}

// engines gives the engine of the guest in dir, "/" for this machine, and the
// native one with the rules of the same insserv.
func engines(t testing.TB, dir string) (*Engine, snapshot.Native) {
	t.Helper()
	guesttest.Need(t)
	root := openRoot(t, dir)
	engine, err := Find(root)
	if errors.Is(err, ErrNone) {
		t.Skipf("needs insserv on this machine: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	packages, err := boot.ReadPackages(root)
	if err != nil {
		t.Fatal(err)
	}
	rules, known := order.RulesFor(packages.Version("insserv"))
	if !known {
		t.Skipf("insserv %s of this machine is not known", packages.Version("insserv"))
	}
	engine.live = false
	t.Setenv("TMPDIR", t.TempDir())
	t.Cleanup(func() {
		if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) > 0 {
			t.Errorf("left among the temporary files: %v, %v", left, err)
		}
	})
	return engine, snapshot.Native{Rules: rules}
}

func readTree(t testing.TB, dir string) boot.Tree {
	t.Helper()
	configuration, err := boot.Read(openRoot(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	return configuration.Tree
}

func sampleTree(t testing.TB) boot.Tree {
	t.Helper()
	dir := t.TempDir()
	if err := sample.Unpack(dir, "squeeze-startpar"); err != nil {
		t.Fatal(err)
	}
	return readTree(t, dir)
}

// listing tells what each path of a tree holds.
func listing(tree boot.Tree) map[string]string {
	list := map[string]string{}
	for path, node := range tree.Nodes {
		list[path] = fmt.Sprintf("%s %04o %d:%d %s %s", node.Type, node.Mode, node.UID, node.GID, node.Target, node.Content)
	}
	return list
}

// compare has both engines do one call and gives the real one's outcome.
func compare(t *testing.T, engine *Engine, native snapshot.Native, tree boot.Tree, args []string) snapshot.Outcome {
	t.Helper()
	before := listing(tree)
	got, err := engine.Run(t.Context(), tree, args)
	if err != nil {
		t.Fatalf("insserv %s: %v", strings.Join(args, " "), err)
	}
	want, err := native.Run(t.Context(), tree, args)
	if err != nil {
		t.Fatal(err)
	}
	if got.ExitCode != want.ExitCode {
		t.Fatalf("insserv %s: exit code %d, natively %d\n%s", strings.Join(args, " "), got.ExitCode, want.ExitCode, got.Stderr)
	}
	if got.ExitCode != 0 {
		return got // what it left is not looked at
	}
	if diff := cmp.Diff(listing(want.Tree), listing(got.Tree)); diff != "" {
		t.Fatalf("insserv %s (-native +insserv):\n%s%s", strings.Join(args, " "), diff, got.Stderr)
	}
	for dir, names := range want.Tree.Names {
		if left := got.Tree.Names[dir]; !slices.Equal(slices.Sorted(slices.Values(names)), slices.Sorted(slices.Values(left))) {
			t.Fatalf("insserv %s: names in %s are %q, natively %q", strings.Join(args, " "), dir, left, names)
		}
	}
	if diff := cmp.Diff(before, listing(tree)); diff != "" {
		t.Fatalf("insserv %s changed the tree it was given (-before +after):\n%s", strings.Join(args, " "), diff)
	}
	return got
}

// TestAsNative makes the calls that the verbs make, with this machine's insserv
// and with those of real guests.
func TestAsNative(t *testing.T) {
	host, native := engines(t, "/")
	t.Run("sample", func(t *testing.T) { convert(t, host, native, sampleTree(t)) })
	for _, release := range guesttest.Releases {
		t.Run(release, func(t *testing.T) {
			dir := guesttest.Build(t, release)
			engine, native := engines(t, dir)
			convert(t, engine, native, readTree(t, dir))
		})
	}
}

func linksOf(tree boot.Tree, script string) (paths []string) {
	for path := range tree.Nodes {
		if isLink(path) && filepath.Base(path)[3:] == script {
			paths = append(paths, path)
		}
	}
	return paths
}

func convert(t *testing.T, engine *Engine, native snapshot.Native, tree boot.Tree) {
	t.Helper()
	off := []string{"udev", "checkroot.sh", "hwclock.sh", "mdadm"}
	removed := compare(t, engine, native, tree, append([]string{"-f", "-r"}, off...))
	if left := linksOf(removed.Tree, "udev"); len(left) > 0 {
		t.Errorf("udev still has the links %q", left)
	}
	added := compare(t, engine, native, removed.Tree, append([]string{"-f"}, off...))
	compare(t, engine, native, added.Tree, nil)

	refused := compare(t, engine, native, tree, []string{"-f", "-r", "cron", "missing"})
	if refused.ExitCode != 1 || !strings.Contains(refused.Stderr, "insserv: missing: No such file or directory") {
		t.Errorf("a missing name: exit code %d, %q", refused.ExitCode, refused.Stderr)
	}
}

// TestMadeUpTrees has insserv work on trees that are odd in every way, in the
// scratch copy and where they stand: the same links and the same bytes, also where
// both depend on the order of a directory, or on how insserv breaks loops.
func TestMadeUpTrees(t *testing.T) {
	engine, _ := engines(t, "/")
	for seed := range uint64(70) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			made := ordertest.Generate(seed, ordertest.Profiles[seed%uint64(len(ordertest.Profiles))])
			dir := layOut(t, made)
			for _, args := range made.Calls {
				got, err := engine.Run(t.Context(), readTree(t, dir), args)
				code := callInPlace(t, engine, dir, args)
				if code < 0 && err != nil { // insserv crashes on some trees
					return
				}
				if err != nil || got.ExitCode != code {
					t.Fatalf("insserv %q: exit code %d, %v, want %d", args, got.ExitCode, err, code)
				}
				if diff := cmp.Diff(listing(readTree(t, dir)), listing(got.Tree)); diff != "" {
					t.Fatalf("insserv %q (-in place +in the scratch copy):\n%s%s", args, diff, got.Stderr)
				}
			}
		})
	}
}

// callInPlace runs this machine's insserv on a guest; -1 if it crashes.
func callInPlace(t *testing.T, engine *Engine, dir string, args []string) (code int) {
	t.Helper()
	etc := filepath.Join(dir, "etc")
	cmd := exec.Command(engine.program.path, append([]string{
		"-p", etc + "/init.d", "-c", etc + "/insserv.conf", "-o", etc + "/insserv/overrides", "-i", etc + "/init.d",
	}, args...)...)
	cmd.Dir = dir
	if failed := (*exec.ExitError)(nil); !errors.As(cmd.Run(), &failed) && cmd.ProcessState == nil {
		t.Fatalf("%v did not run", cmd)
	}
	return cmd.ProcessState.ExitCode()
}

// layOut writes a made-up tree where a guest has it.
func layOut(t *testing.T, made ordertest.Tree) (dir string) {
	t.Helper()
	dir = t.TempDir()
	etc := filepath.Join(dir, "etc")
	if err := errors.Join(os.Mkdir(etc, 0o755), made.Write(etc), os.Mkdir(filepath.Join(etc, "insserv"), 0o755)); err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string]string{"conf": "insserv.conf", "conf.d": "insserv.conf.d", "overrides": "insserv/overrides"} {
		if err := os.Rename(filepath.Join(etc, from), filepath.Join(etc, to)); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
	return dir
}

// TestOddNodes runs insserv on what guests hold beside scripts and their links.
func TestOddNodes(t *testing.T) {
	engine, native := engines(t, "/")
	tree := sampleTree(t)
	add := func(path string, node boot.Node) {
		tree.Nodes[path] = node
		dir, base := filepath.Split(path)
		tree.Names[filepath.Clean(dir)] = append(tree.Names[filepath.Clean(dir)], base)
	}
	header := []byte("### BEGIN INIT INFO\n# Provides: far\n# Required-Start:\n# Required-Stop:\n# Default-Start: 2\n# Default-Stop:\n### END INIT INFO\n")
	other := boot.Node{Entry: rootfs.Entry{Type: rootfs.Other}}
	add("/etc/init.d/fifo", other)
	add("/etc/init.d/sub", boot.Node{Entry: rootfs.Entry{Type: rootfs.Dir, Mode: 0o755}})
	add("/etc/init.d/far", boot.Node{Entry: rootfs.Entry{Type: rootfs.Symlink, Mode: 0o777, Target: "/opt/far/far"}})
	add("/etc/init.d/secret", boot.Node{Entry: rootfs.Entry{Type: rootfs.File, Mode: 0o700}, Content: []byte(strings.ReplaceAll(string(header), "far", "secret"))})
	add("/etc/rc2.d/S20fifo", boot.Node{Entry: rootfs.Entry{Type: rootfs.Symlink, Mode: 0o777, Target: "../init.d/fifo"}})
	add("/etc/rc3.d/S20fifo", other)
	tree.Through["/etc/init.d/far"] = boot.Node{Entry: rootfs.Entry{Type: rootfs.File, Mode: 0o755}, Content: header}

	got := compare(t, engine, native, tree, []string{"far", "secret"})
	for _, name := range []string{"far", "secret"} {
		if links := linksOf(got.Tree, name); len(links) != 1 {
			t.Errorf("%s has the links %q, want one", name, links)
		}
	}
}

// onThread calls do on a thread that ends with it.
func onThread(t *testing.T, do func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		do()
	}()
	<-done
}

// TestOrderOfNames checks that the scratch copy lists names as the tree does.
func TestOrderOfNames(t *testing.T) {
	guesttest.Need(t)
	t.Setenv("TMPDIR", t.TempDir())
	tree := sampleTree(t)
	slices.Sort(tree.Names[boot.InitDir])
	onThread(t, func() {
		var s scratch
		defer func() {
			if err := s.remove(); err != nil {
				t.Error(err)
			}
		}()
		if err := errors.Join(s.enter(), s.fill(tree, program{})); err != nil {
			t.Error(err)
			return
		}
		if onDisk, err := os.ReadDir(os.TempDir()); err != nil || len(onDisk) > 0 {
			t.Logf("this machine gives no tmpfs that is mounted nowhere: %v", err)
			return
		}
		root, err := rootfs.Open(".")
		if err != nil {
			t.Error(err)
			return
		}
		defer root.Close()
		for _, dir := range slices.Sorted(maps.Keys(tree.Names)) {
			if !isRead(dir) {
				continue
			}
			names, err := root.ReadDir(dir, 4096)
			if diff := cmp.Diff(tree.Names[dir], names); diff != "" || err != nil {
				t.Errorf("names in %s (-tree +scratch copy):\n%s%v", dir, diff, err)
			}
		}
	})
}

// TestCancelled checks that a call that is called off does nothing.
func TestCancelled(t *testing.T) {
	engine, _ := engines(t, "/")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := engine.Run(ctx, sampleTree(t), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
}
