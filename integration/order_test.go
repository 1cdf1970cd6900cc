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
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bootledger/bootledger/boot/lsb"
	"github.com/bootledger/bootledger/boot/order"
	"github.com/bootledger/bootledger/integration/ordertest"
)

var (
	orderTrees = flag.Int("order.trees", 200, "how many made-up `trees` to order")
	orderSeed  = flag.Uint64("order.seed", 1, "`seed` of the first tree")
	orderBins  = flag.String("order.insserv", "", "insserv `binaries`, as VERSION=PATH,…; the installed one by default")
	orderKind  = flag.Int("order.profile", -1, "only trees of this `profile`")
)

// TestOrderAgainstInsserv has real insservs order made-up trees, and compares
// what they did with what package order says.
func TestOrderAgainstInsserv(t *testing.T) {
	for version, path := range insservs(t) {
		rules, ok := order.RulesFor(version)
		if !ok {
			t.Fatalf("no rules for insserv %s", version)
		}
		t.Run(version, func(t *testing.T) {
			for i := range *orderTrees {
				seed := *orderSeed + uint64(i)
				kind := int(seed % uint64(len(ordertest.Profiles)))
				if *orderKind >= 0 {
					kind = *orderKind
				}
				t.Run(fmt.Sprint(seed), func(t *testing.T) {
					compareTree(t, path, rules, ordertest.Generate(seed, ordertest.Profiles[kind]))
				})
			}
		})
	}
}

// insservs finds the binaries to compare with, by version.
func insservs(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	if *orderBins != "" {
		for item := range strings.SplitSeq(*orderBins, ",") {
			version, path, _ := strings.Cut(item, "=")
			found[version] = path
		}
		return found
	}
	path, err := exec.LookPath("insserv")
	if err != nil {
		t.Skipf("no insserv to compare with: %v", err)
	}
	out, err := exec.Command("dpkg-query", "-W", "-f", "${Version}", "insserv").Output()
	if err != nil {
		t.Skipf("cannot tell the version of insserv: %v", err)
	}
	found[string(out)] = path
	return found
}

func compareTree(t *testing.T, insserv string, rules order.Rules, tree ordertest.Tree) {
	dir := t.TempDir()
	if err := tree.Write(dir); err != nil {
		t.Fatal(err)
	}
	for i, args := range tree.Calls {
		in, err := ordertest.Read(dir)
		if err != nil {
			t.Fatal(err)
		}
		before, had := dependFiles(t, dir), linkNames(t, dir)
		exit, words := callInsserv(t, insserv, dir, args)
		call, err := order.ParseArgs(args)
		if err != nil {
			t.Fatal(err)
		}
		got := order.Run(rules, in, call)
		where := fmt.Sprintf("call %d, insserv %s, with %s:\n%s\npredicted: %s\n", i, strings.Join(args, " "), strings.Join(had, " "), words, strings.Join(got.Messages, "\n"))
		if got.ExitCode != exit {
			t.Fatalf("%s\nexit code %d, want %d", where, got.ExitCode, exit)
		}
		var gotLinks []string
		for level, names := range got.Links {
			for _, name := range names {
				gotLinks = append(gotLinks, level.Dir()+"/"+name)
			}
		}
		slices.Sort(gotLinks)
		if diff := cmp.Diff(linkNames(t, dir), gotLinks); diff != "" {
			t.Fatalf("%s\nlinks (-insserv +predicted):\n%s", where, diff)
		}
		for name, text := range got.Depend {
			before[name] = string(text)
		}
		if diff := cmp.Diff(dependFiles(t, dir), before); diff != "" {
			t.Fatalf("%s\n.depend files (-insserv +predicted):\n%s", where, diff)
		}
	}
}

func callInsserv(t *testing.T, insserv, dir string, args []string) (exit int, words string) {
	t.Helper()
	cmd := exec.Command(insserv, append([]string{
		"-p", filepath.Join(dir, "init.d"), "-c", filepath.Join(dir, "conf"),
		"-o", filepath.Join(dir, "overrides"), "-i", filepath.Join(dir, "depend"),
	}, args...)...)
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
