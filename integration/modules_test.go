package integration_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write what was found to modules.txt")

const modulesFile = "modules.txt"

// TestModules compares the modules that the program links with the reviewed
// list: nothing comes in, or changes its version, unnoticed.
func TestModules(t *testing.T) {
	linked := linkedModules(t)
	header, listed, reasons := readModules(t)
	if *update {
		writeModules(t, header, linked, reasons)
		listed = linked
	}
	if diff := cmp.Diff(listed, linked); diff != "" {
		t.Errorf("%s (-) differs from what cmd/bootledger links (+); review it, then go test ./integration -run TestModules -update\n%s", modulesFile, diff)
	}
	for path := range linked {
		if reasons[path] == "" {
			t.Errorf("%s gives no reason for %s", modulesFile, path)
		}
	}
}

// linkedModules maps the path of each module to its version.
func linkedModules(t *testing.T) map[string]string {
	t.Helper()
	modules := map[string]string{}
	list := goList(t, "-deps", "-f", "{{with .Module}}{{.Path}} {{.Version}}{{end}}", module+"/cmd/bootledger")
	for line := range strings.Lines(list) {
		if path, version, _ := strings.Cut(strings.TrimSpace(line), " "); version != "" {
			modules[path] = version
		}
	}
	return modules
}

// readModules gives the comment at the head of the list, the versions and the
// reasons by path.
func readModules(t *testing.T) (header string, versions, reasons map[string]string) {
	t.Helper()
	content, err := os.ReadFile(modulesFile)
	if err != nil {
		t.Fatal(err)
	}
	versions, reasons = map[string]string{}, map[string]string{}
	for line := range strings.Lines(string(content)) {
		if strings.HasPrefix(line, "#") {
			header += line
			continue
		}
		fields := strings.Fields(line)
		if len(fields) < 2 {
			t.Fatalf("%s: %q is not PATH VERSION REASON", modulesFile, line)
		}
		versions[fields[0]] = fields[1]
		reasons[fields[0]] = strings.Join(fields[2:], " ")
	}
	return header, versions, reasons
}

func writeModules(t *testing.T, header string, versions, reasons map[string]string) {
	t.Helper()
	var content strings.Builder
	content.WriteString(header)
	for _, path := range slices.Sorted(maps.Keys(versions)) {
		line := fmt.Sprintf("%-41s %-36s %s", path, versions[path], reasons[path])
		content.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	if err := os.WriteFile(modulesFile, []byte(content.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}
