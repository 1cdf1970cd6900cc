package integration_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bootledger/bootledger/boot/lsb"
	"github.com/bootledger/bootledger/boot/rootfs/rootfstest"
	"github.com/bootledger/bootledger/integration/guesttest"
	"github.com/bootledger/bootledger/state"
)

var buildDir string

// TestMain removes the binary that the tests built.
func TestMain(m *testing.M) {
	code := m.Run()
	if buildDir != "" {
		_ = os.RemoveAll(buildDir)
	}
	os.Exit(code)
}

// built gives the path of the binary under test.
var built = sync.OnceValues(func() (string, error) {
	var err error
	if buildDir, err = os.MkdirTemp("", "bootledger-e2e-"); err != nil {
		return "", err
	}
	if err := os.Chmod(buildDir, 0o755); err != nil { // other users call it, too
		return "", err
	}
	cmd := exec.Command("go", "build", "-buildvcs=false", "-o", buildDir, "../cmd/bootledger")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return filepath.Join(buildDir, "bootledger"), nil
})

func binary(t testing.TB) string {
	t.Helper()
	path, err := built()
	must(t, err)
	return path
}

// guest is a real guest, and the ways to call bootledger on it.
type guest struct {
	testing.TB
	root string
}

// build gives a fresh guest with the binary in it.
func build(t testing.TB, release string) guest {
	t.Helper()
	return install(guest{t, guesttest.Build(t, release)})
}

const installed = "/usr/local/sbin/bootledger"

func install(g guest) guest {
	g.Helper()
	text, err := os.ReadFile(binary(g))
	must(g, err)
	must(g, os.WriteFile(filepath.Join(g.root, installed), text, 0o755))
	return g
}

// inside calls bootledger inside the guest.
func (g guest) inside(code int, args ...string) answer {
	g.Helper()
	return call(g, code, g.insideCommand(args...))
}

func (g guest) insideCommand(args ...string) *exec.Cmd {
	g.Helper()
	return guesttest.Command(g, g.root, append([]string{installed}, args...)...)
}

// outside calls bootledger on the host, with the native engine.
func (g guest) outside(code int, args ...string) answer {
	g.Helper()
	return call(g, code, g.outsideCommand(args...))
}

func (g guest) outsideCommand(args ...string) *exec.Cmd {
	g.Helper()
	return exec.Command(binary(g), append([]string{"--root=" + g.root, "--engine=native"}, args...)...)
}

// answer is what a call printed.
type answer struct{ stdout, stderr string }

// call runs a command that has to exit with code.
func call(t testing.TB, code int, cmd *exec.Cmd) answer {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if got := cmd.ProcessState.ExitCode(); got != code {
		t.Fatalf("%s: exit code %d, want %d\n%s%s", strings.Join(cmd.Args, " "), got, code, &stdout, &stderr)
	}
	return answer{stdout.String(), stderr.String()}
}

// decode reads what a call printed under --json.
func decode[T any](t testing.TB, a answer) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(a.stdout), &v); err != nil {
		t.Fatalf("%v: %s%s", err, a.stdout, a.stderr)
	}
	return v
}

// The JSON that docs/cli.md promises, as far as the tests look at it.
type (
	resultJSON struct {
		Transaction uint64
		Kind        string
		Scripts     []string
		Operations  []state.Operation
		Changes     []state.Change
		Warnings    []string
	}
	scriptJSON struct {
		Name, Verdict, Reason, Package string
		Enabled                        bool
		Intent                         uint64
	}
	statusJSON struct {
		InSync bool `json:"in_sync"`
		Drift  []struct{ Script, Kind, Package, Path string }
	}
)

// listing describes each path below a directory of the guest: type, mode,
// owner, content and, but for directories, the time of the last change.
func (g guest) listing(dir string) map[string]string {
	g.Helper()
	host := filepath.Join(g.root, dir)
	found := map[string]string{}
	for path, line := range rootfstest.Snapshot(g, host) {
		info, err := os.Lstat(host + path)
		must(g, err)
		if !info.IsDir() {
			line += " " + info.ModTime().UTC().Format(time.RFC3339Nano)
		}
		found[strings.TrimSuffix(dir+path, "/")] = line
	}
	return found
}

// links gives the base names of each runlevel directory, as "rc2.d/S01ssh".
func (g guest) links() []string {
	g.Helper()
	paths, err := filepath.Glob(filepath.Join(g.root, "etc/rc[0-6S].d/[SK][0-9][0-9]*"))
	must(g, err)
	for i, path := range paths {
		paths[i] = filepath.Join(filepath.Base(filepath.Dir(path)), filepath.Base(path))
	}
	return paths
}

// order gives, for each file that startpar reads and each script in it, all that
// has to run before the script.
func (g guest) order() map[string]map[string]map[string]bool {
	g.Helper()
	order := map[string]map[string]map[string]bool{}
	for file, text := range g.files("/etc/init.d/.depend.*") {
		depend, err := lsb.ParseDepend([]byte(text))
		must(g, err)
		before := map[string]map[string]bool{}
		for _, script := range depend.Targets {
			before[script] = map[string]bool{}
		}
		for range depend.Targets { // as often as the longest chain is long, at most
			for _, rule := range depend.Rules {
				for _, other := range rule.After {
					before[rule.Script][other] = true
					maps.Copy(before[rule.Script], before[other])
				}
			}
		}
		order[file] = before
	}
	return order
}

// files gives the contents of files by their paths in the guest.
func (g guest) files(pattern string) map[string]string {
	g.Helper()
	paths, err := filepath.Glob(filepath.Join(g.root, pattern))
	must(g, err)
	contents := map[string]string{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		must(g, err)
		contents[strings.TrimPrefix(path, g.root)] = string(text)
	}
	return contents
}

// differing lists the paths at which two listings differ.
func differing(a, b map[string]string) []string {
	paths := map[string]bool{}
	for path := range a {
		paths[path] = a[path] != b[path]
	}
	for path := range b {
		paths[path] = a[path] != b[path]
	}
	maps.DeleteFunc(paths, func(_ string, differs bool) bool { return !differs })
	return slices.Sorted(maps.Keys(paths))
}

// upgrade installs packages in a guest that is down, as an administrator does.
func (g guest) upgrade(args ...string) {
	g.Helper()
	command := append([]string{"apt-get", "--yes", "--no-install-recommends", "install"}, args...)
	g.Logf("%s:\n%s", strings.Join(command, " "), guesttest.Run(g, g.root, command...))
}

// eachRelease runs a test on every release.
func eachRelease(t *testing.T, test func(t *testing.T, release string)) {
	for _, release := range guesttest.Releases {
		t.Run(release, func(t *testing.T) { test(t, release) })
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
