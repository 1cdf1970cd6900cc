package integration_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/bootledger/bootledger"

// allowed says which of our packages each of our packages may import: what it
// names and nothing else. Imports point down, from cmd to boot/lsb.
var allowed = map[string][]string{
	"boot/lsb":     {},
	"boot/rootfs":  {},
	"boot/order":   {"boot/lsb"},
	"boot/near":    {},
	"boot/edit":    {},
	"boot/profile": {"boot/edit", "boot/lsb", "boot/near"},
	"boot":         {"boot/rootfs", "boot/lsb", "boot/order"},

	"boot/lsb/lsbtest":       {},
	"boot/rootfs/rootfstest": {"boot/rootfs"},

	"state":           {},
	"state/statetest": {"state"},

	"snapshot": belowSnapshot,

	"integration":                   {},
	"integration/bench":             {},
	"integration/crash":             {},
	"integration/guesttest":         fromSnapshot,
	"integration/insserv":           fromSnapshot,
	"integration/lxc":               fromSnapshot,
	"integration/ordertest":         fromSnapshot,
	"integration/sample":            fromSnapshot,
	"integration/sample/cmd/sample": {"integration/sample"},

	"cmd/bootledger/internal/render":  {"snapshot", "state", "boot", "boot/profile", "boot/order", "boot/lsb", "boot/rootfs"},
	"cmd/bootledger/internal/picture": {"snapshot", "boot/lsb", "boot/rootfs"},
	"cmd/bootledger": append([]string{
		"cmd/bootledger/internal/picture", "cmd/bootledger/internal/render", "integration/insserv", "integration/lxc",
	}, fromSnapshot...),
}

var (
	belowSnapshot = []string{"state", "boot", "boot/profile", "boot/order", "boot/edit", "boot/near", "boot/lsb", "boot/rootfs"}
	fromSnapshot  = append([]string{"snapshot"}, belowSnapshot...)
)

// foreign says who may import a module that is not ours; "cmd" and
// "integration" stand for the packages below them, too. What is only imported
// by tests is not listed.
var foreign = map[string][]string{
	"github.com/alecthomas/kong":                        {"cmd"},
	"github.com/aymanbagabas/go-udiff":                  {"cmd", "snapshot"},
	"github.com/cyphar/filepath-securejoin/pathrs-lite": {"boot/rootfs"},
	"github.com/emicklei/dot":                           {"cmd"},
	"github.com/fatih/color":                            {"cmd"},
	"github.com/olekukonko/tablewriter":                 {"cmd"},
	"github.com/pelletier/go-toml/v2":                   {"boot/profile"},
	"github.com/vbauerster/mpb/v8":                      {"cmd"},
	"go.etcd.io/bbolt":                                  {"state"},
	"golang.org/x/sys":                                  {"boot/rootfs", "integration/insserv"},
	"golang.org/x/term":                                 {"cmd"},
	"golang.org/x/tools/txtar":                          {"integration/sample"},
}

// impure are the parts of the standard library that the pure packages do
// without: same input, same output.
var impure = []string{"crypto/rand", "io/fs", "io/ioutil", "log", "math/rand", "net", "os", "syscall", "time", "unsafe"}

var pure = []string{"boot/edit", "boot/lsb", "boot/near", "boot/order"}

func TestImports(t *testing.T) {
	for _, p := range listPackages(t) {
		ours, known := allowed[p.name]
		if !known {
			t.Errorf("package %s is not in the table of imports", p.name)
			continue
		}
		for _, imported := range p.Imports {
			if why := forbidden(p.name, imported, ours); why != "" {
				t.Errorf("%s imports %s: %s", p.name, imported, why)
			}
		}
	}
}

// TestForbidden shows that the table can say no.
func TestForbidden(t *testing.T) {
	for _, test := range []struct {
		importer, imported string
		want               bool
	}{
		{"boot", module + "/boot/rootfs", false},
		{"boot", module + "/state", true},
		{"state", module + "/boot/lsb", true},
		{"snapshot", module + "/cmd/bootledger", true},
		{"state", "go.etcd.io/bbolt", false},
		{"state", "go.etcd.io/bbolt/errors", false},
		{"state/statetest", "go.etcd.io/bbolt", false},
		{"snapshot", "go.etcd.io/bbolt", true},
		{"cmd/bootledger", "github.com/alecthomas/kong", false},
		{"cmd/bootledger/internal/render", "github.com/fatih/color", false},
		{"snapshot", "github.com/fatih/color", true},
		{"boot", "golang.org/x/sys/unix", true},
		{"boot", "example.com/unheard/of", true},
		{"boot", "os", false},
		{"boot/lsb", "os", true},
		{"boot/lsb", "os/exec", true},
		{"boot/order", "strings", false},
	} {
		why := forbidden(test.importer, test.imported, allowed[test.importer])
		if got := why != ""; got != test.want {
			t.Errorf("forbidden(%s, %s) = %q, want forbidden: %v", test.importer, test.imported, why, test.want)
		}
	}
}

// forbidden says why a package must not import another, or "".
func forbidden(importer, imported string, ours []string) string {
	if name, isOurs := strings.CutPrefix(imported, module+"/"); isOurs {
		if slices.Contains(ours, name) {
			return ""
		}
		return "it may import of ours only " + strings.Join(ours, ", ")
	}
	if first, _, _ := strings.Cut(imported, "/"); !strings.Contains(first, ".") {
		if slices.Contains(pure, importer) && within(imported, impure) {
			return "it is pure"
		}
		return ""
	}
	for path, importers := range foreign {
		if within(imported, []string{path}) {
			if within(importer, importers) {
				return ""
			}
			return "that is for " + strings.Join(importers, ", ")
		}
	}
	return "that module is in no table"
}

// within reports whether path is one of roots or lies below one.
func within(path string, roots []string) bool {
	return slices.ContainsFunc(roots, func(root string) bool {
		return path == root || strings.HasPrefix(path, root+"/")
	})
}

type listedPackage struct {
	name       string
	ImportPath string
	Imports    []string
}

func listPackages(t *testing.T) []listedPackage {
	t.Helper()
	var packages []listedPackage
	decoder := json.NewDecoder(strings.NewReader(goList(t, "-json=ImportPath,Imports", module+"/...")))
	for {
		var p listedPackage
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			return packages
		}
		if err != nil {
			t.Fatalf("cannot read what go list says: %v", err)
		}
		p.name = strings.TrimPrefix(p.ImportPath, module+"/")
		packages = append(packages, p)
	}
}

// goList runs go list as the released program is built.
func goList(t *testing.T, args ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", append([]string{"list"}, args...)...)
	command.Env = append(command.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOFLAGS=-buildvcs=false")
	output, err := command.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			err = fmt.Errorf("%w: %s", err, exit.Stderr)
		}
		t.Fatalf("go list %s: %v", strings.Join(args, " "), err)
	}
	return string(output)
}
