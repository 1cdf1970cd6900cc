package sample

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bootledger/bootledger/boot"
	"github.com/bootledger/bootledger/boot/order"
	"github.com/bootledger/bootledger/boot/rootfs"
)

// disable takes all links of the scripts away, as a conversion does.
func disable(t *testing.T, dir string, scripts ...string) {
	t.Helper()
	for _, path := range links(t, dir) {
		if slices.Contains(scripts, filepath.Base(path)[3:]) {
			if err := os.Remove(filepath.Join(dir, path)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// checkOrder fails when insserv, called without a name, would change anything.
// The listings of directories are sorted, as they were when the sample was
// made: insserv breaks ties by them.
func checkOrder(t *testing.T, dir string) {
	t.Helper()
	root, err := rootfs.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	guest, err := boot.Read(root)
	if err != nil {
		t.Fatal(err)
	}
	tree := guest.Tree.Clone()
	for _, names := range tree.Names {
		slices.Sort(names)
	}
	rules, _ := order.RulesFor(insservVersion)
	result := order.Run(rules, tree.OrderInput(), order.Call{})
	if result.ExitCode != 0 || len(result.Added) > 0 || len(result.Removed) > 0 {
		t.Errorf("insserv exits with %d, makes %v and removes %v: %q", result.ExitCode, result.Added, result.Removed, result.Messages)
	}
	for name, content := range result.Depend {
		if diff := cmp.Diff(read(t, dir, initDir+name), string(content)); diff != "" {
			t.Errorf("insserv writes another %s (-sample +insserv):\n%s", name, diff)
		}
	}
}

// TestOrder checks that the sample is as its own insserv would have made it.
func TestOrder(t *testing.T) {
	checkOrder(t, unpack(t, "squeeze-startpar"))
}

func TestUpgradeWithInsserv(t *testing.T) {
	for _, name := range []string{"squeeze-startpar", "squeeze-concurrency-none"} {
		t.Run(name, func(t *testing.T) {
			dir := unpack(t, name)
			disable(t, dir, "udev", "checkroot.sh", "module-init-tools", "lvm2")
			if err := Upgrade(dir); err != nil {
				t.Fatal(err)
			}
			all := strings.Join(links(t, dir), "\n") + "\n"
			for _, script := range []string{"udev", "checkroot.sh", "module-init-tools", "apache2"} {
				if !strings.Contains(all, script+"\n") {
					t.Errorf("%s is not enabled", script)
				}
			}
			if strings.Contains(all, "lvm2\n") {
				t.Error("lvm2 is enabled, which was not upgraded")
			}
			if ssh := "etc/rc2.d/S20ssh\n"; strings.Contains(all, ssh) {
				t.Errorf("the new script renumbered nothing: there is %s", ssh)
			}
			status := read(t, dir, statusPath)
			for _, want := range []string{"Version: 164-3+u1\n", "Package: apache2\n", "\n /etc/init.d/apache2 "} {
				if !strings.Contains(status, want) {
					t.Errorf("dpkg's status lacks %q", want)
				}
			}
		})
	}
}

func TestUpgradeWithFixedLinks(t *testing.T) {
	for _, name := range []string{"lenny", "squeeze-legacy"} {
		t.Run(name, func(t *testing.T) {
			dir := unpack(t, name)
			want := links(t, dir)
			disable(t, dir, "udev", "checkroot.sh", "lvm2")
			want = slices.DeleteFunc(want, func(path string) bool {
				return strings.HasSuffix(path, "lvm2") || strings.HasSuffix(path, "checkroot.sh")
			})
			// A script that has a link left is an administrator's decision.
			left := "etc/rc1.d/K90checkroot.sh"
			if err := os.Symlink("../init.d/checkroot.sh", filepath.Join(dir, left)); err != nil {
				t.Fatal(err)
			}
			want = append(want, left)
			slices.Sort(want)

			if err := Upgrade(dir); err != nil {
				t.Fatal(err)
			}
			got := links(t, dir)
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("links (-want +got):\n%s", diff)
			}
			if status := read(t, dir, statusPath); strings.Count(status, "+u1\n") != 2 {
				t.Errorf("two packages should have a new version:\n%s", status)
			}
		})
	}
}
