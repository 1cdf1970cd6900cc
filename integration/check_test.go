package integration_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/bootledger/bootledger/boot/profile"
	"github.com/bootledger/bootledger/boot/rootfs"
	"github.com/bootledger/bootledger/integration/guesttest"
	"github.com/bootledger/bootledger/snapshot"
)

// tryAll runs a command for each script, on the guest as it is, and prints the
// scripts for which it fails.
const tryAll = `
mkdir /saved && cp -a /etc/rc?.d /etc/init.d /saved
for script in /etc/init.d/*; do
	name=${script##*/}
	COMMAND >/dev/null 2>&1 || echo "$name"
	rm -r /etc/rc?.d /etc/init.d && cp -a /saved/* /etc
done
rm -r /saved
`

// TestCheckAgainstUpdateRcd compares what check says update-rc.d would refuse
// with what it refuses, on guests that are in order and on broken ones. Until
// Debian 8 update-rc.d called insserv without -f: a guest that says it is one is
// compared with what its insserv refuses then.
func TestCheckAgainstUpdateRcd(t *testing.T) {
	header := func(script, key, value string) func(testing.TB, string) {
		return func(t testing.TB, root string) {
			edit(t, filepath.Join(root, "etc/init.d", script), `(?m)^# `+key+`:.*$`, "# "+key+": "+value)
		}
	}
	states := []struct {
		name  string
		spoil []func(t testing.TB, root string)
	}{
		{name: "fresh"},
		{name: "converted", spoil: []func(testing.TB, string){converted("")}},
		{name: "converted without overrides", spoil: []func(testing.TB, string){converted(snapshot.Insserv)}},
		{name: "missing", spoil: []func(testing.TB, string){header("cron", "Required-Start", "nosuch")}},
		{name: "loop", spoil: []func(testing.TB, string){header("cron", "Required-Start", "sshd"), header("ssh", "Required-Start", "cron")}},
		{name: "duplicate", spoil: []func(testing.TB, string){header("cron", "Provides", "sshd")}},
		{name: "after all", spoil: []func(testing.TB, string){header("cron", "Required-Start", "rc.local")}},
		{name: "runlevels", spoil: []func(testing.TB, string){header("cron", "Required-Start", "sshd"), func(t testing.TB, root string) {
			guesttest.Run(t, root, "sh", "-c", "rm /etc/rc[45].d/S*ssh")
		}}},
		{name: "unterminated", spoil: []func(testing.TB, string){func(t testing.TB, root string) {
			edit(t, filepath.Join(root, "etc/init.d/cron"), "### END INIT INFO", "###")
		}}},
		{name: "facilities", spoil: []func(testing.TB, string){func(t testing.TB, root string) {
			edit(t, filepath.Join(root, "etc/insserv.conf"), `\z`, "\n$one $two\n$two $one\n")
		}}},
	}
	for _, release := range guesttest.Releases {
		t.Run(release, func(t *testing.T) {
			fresh := guesttest.Build(t, release)
			for _, state := range states {
				t.Run(state.name, func(t *testing.T) {
					root := guesttest.Copy(t, fresh)
					for _, spoil := range state.spoil {
						spoil(t, root)
					}
					compareRefusals(t, root, `update-rc.d "$name" defaults`)
					edit(t, filepath.Join(root, "etc/debian_version"), `(?s).+`, "8.11\n")
					compareRefusals(t, root, `insserv "$name"`)
				})
			}
		})
	}
}

func compareRefusals(t *testing.T, root, command string) {
	t.Helper()
	owned, predicted := refusals(t, root)
	refused := strings.Fields(guesttest.Run(t, root, "sh", "-c", strings.Replace(tryAll, "COMMAND", command, 1)))
	refused = slices.DeleteFunc(refused, func(name string) bool { return !slices.Contains(owned, name) })
	if diff := cmp.Diff(refused, predicted, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("scripts for which %s fails (-real +check):\n%s", command, diff)
	}
}

// edit replaces what a pattern matches in a file, which it has to.
func edit(t testing.TB, path, pattern, text string) {
	t.Helper()
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	after := regexp.MustCompile(pattern).ReplaceAllLiteral(before, []byte(text))
	if string(after) == string(before) {
		t.Fatalf("%s does not hold %s", path, pattern)
	}
	if err := os.WriteFile(path, after, 0o755); err != nil { //nolint:gosec // scripts are executable
		t.Fatal(err)
	}
}

func openGuest(t testing.TB, dir string, looking bool) *snapshot.Session {
	t.Helper()
	root, err := rootfs.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = root.Close() })
	lxc, err := profile.Load("lxc", os.ReadFile)
	if err != nil {
		t.Fatal(err)
	}
	s, err := snapshot.Open(snapshot.Options{
		Root: root, Ledger: "/var/lib/bootledger/state.db", Now: time.Now, Profile: lxc, Looking: looking,
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func converted(method string) func(testing.TB, string) {
	return func(t testing.TB, dir string) {
		t.Helper()
		s := openGuest(t, dir, false)
		if _, err := s.Convert(t.Context(), snapshot.ConvertOptions{Level: profile.LevelAdvised, Method: method}, snapshot.Changing{}); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// refusals gives the scripts of packages, and those of which check says that
// update-rc.d refuses them.
func refusals(t testing.TB, dir string) (owned, refused []string) {
	t.Helper()
	s := openGuest(t, dir, true)
	scripts, err := s.Scripts(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, script := range scripts {
		if script.Package != "" {
			owned = append(owned, script.Name)
		}
	}
	findings, err := s.Check()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, f := range findings {
		t.Logf("%s %s: %s", f.Kind, f.Script, f.Message)
		switch {
		case f.Kind != "refused":
		case f.Script == "":
			return owned, owned
		default:
			refused = append(refused, f.Script)
		}
	}
	return owned, refused
}
