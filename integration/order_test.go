package integration_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bootledger/bootledger/boot/lsb"
	"github.com/bootledger/bootledger/boot/order"
	"github.com/bootledger/bootledger/integration/guesttest"
	"github.com/bootledger/bootledger/integration/ordertest"
)

var (
	orderTrees = flag.Int("order.trees", 2000, "how many made-up `trees` to order")
	orderSeed  = flag.Uint64("order.seed", 1, "`seed` of the first tree")
)

// TestOrderAgainstInsserv has the insserv of each release order made-up trees,
// and compares what it did with what package order says.
func TestOrderAgainstInsserv(t *testing.T) {
	for _, release := range guesttest.Releases {
		t.Run(release, func(t *testing.T) {
			t.Parallel()
			root := guesttest.Build(t, release)
			version := guesttest.Run(t, root, "dpkg-query", "-W", "-f", "${Version}", "insserv")
			rules, ok := order.RulesFor(version)
			if !ok {
				t.Fatalf("no rules for insserv %s", version)
			}
			for i := range *orderTrees {
				seed := *orderSeed + uint64(i)
				kind := ordertest.Profiles[seed%uint64(len(ordertest.Profiles))]
				compareTree(t, seed, root, rules, ordertest.Generate(seed, kind))
			}
		})
	}
}

// compareTree makes the calls of one tree with the insserv of the guest in root,
// up to the first that differs.
func compareTree(t *testing.T, seed uint64, root string, rules order.Rules, tree ordertest.Tree) {
	inside := fmt.Sprintf("/tmp/%d", seed)
	dir := root + inside
	defer os.RemoveAll(dir)
	if err := errors.Join(os.Mkdir(dir, 0o755), tree.Write(dir)); err != nil {
		t.Fatal(err)
	}
	for i, args := range tree.Calls {
		in, err := ordertest.Read(dir)
		if err != nil {
			t.Fatal(err)
		}
		before, had := dependFiles(t, dir), linkNames(t, dir)
		exit, words := callInsserv(t, root, inside, args)
		call, err := order.ParseArgs(args)
		if err != nil {
			t.Fatal(err)
		}
		got := order.Run(rules, in, call)
		where := fmt.Sprintf("seed %d, call %d, insserv %s, with %s:\n%s\npredicted: %s\n", seed, i, strings.Join(args, " "), strings.Join(had, " "), words, strings.Join(got.Messages, "\n"))
		if got.ExitCode != exit {
			t.Errorf("%s\nexit code %d, want %d", where, got.ExitCode, exit)
			return
		}
		var gotLinks []string
		for level, names := range got.Links {
			for _, name := range names {
				gotLinks = append(gotLinks, level.Dir()+"/"+name)
			}
		}
		slices.Sort(gotLinks)
		if diff := cmp.Diff(linkNames(t, dir), gotLinks); diff != "" {
			t.Errorf("%s\nlinks (-insserv +predicted):\n%s", where, diff)
			return
		}
		for name, text := range got.Depend {
			before[name] = string(text)
		}
		if diff := cmp.Diff(dependFiles(t, dir), before); diff != "" {
			t.Errorf("%s\n.depend files (-insserv +predicted):\n%s", where, diff)
			return
		}
	}
}

func callInsserv(t *testing.T, root, dir string, args []string) (exit int, words string) {
	t.Helper()
	cmd := exec.Command("/sbin/insserv", append([]string{
		"-p", dir + "/init.d", "-c", dir + "/conf", "-o", dir + "/overrides", "-i", dir + "/depend",
	}, args...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root}
	cmd.Dir = dir
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	err := cmd.Run()
	if failed := (*exec.ExitError)(nil); err != nil && !errors.As(err, &failed) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), output.String()
}

func linkNames(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	for _, level := range lsb.AllRunlevels {
		entries, err := os.ReadDir(filepath.Join(dir, level.Dir()))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		for _, e := range entries {
			names = append(names, level.Dir()+"/"+e.Name())
		}
	}
	slices.Sort(names)
	return names
}

func dependFiles(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, name := range lsb.DependFiles {
		text, err := os.ReadFile(filepath.Join(dir, "depend", name))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		files[name] = string(text)
	}
	return files
}
