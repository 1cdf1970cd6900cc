package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/bootledger/bootledger/boot/rootfs/rootfstest"
	"github.com/bootledger/bootledger/integration/sample"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"bootledger": main,
	})
}

// TestScripts runs the verbs against sample guests.
func TestScripts(t *testing.T) {
	testscript.Run(t, scripts(t, "testdata/script"))
}

// TestCycle runs the whole cycle on each sample guest.
func TestCycle(t *testing.T) {
	for _, guest := range []struct{ sample, scheme, operation, udev string }{
		{"lenny", "sysv", "move_link", "S03udev"},
		{"squeeze-legacy", "sysv", "move_link", "S03udev"},
		{"squeeze-concurrency-none", "sysv", "move_link", "S02udev"},
		{"squeeze-startpar", "startpar", "insserv", "S02udev"},
	} {
		t.Run(guest.sample, func(t *testing.T) {
			params := scripts(t, "testdata/cycle")
			params.Setup = func(env *testscript.Env) error {
				env.Setenv("SAMPLE", guest.sample)
				env.Setenv("SCHEME", guest.scheme)
				env.Setenv("OPERATION", guest.operation)
				env.Setenv("UDEV", guest.udev)
				return nil
			}
			testscript.Run(t, params)
		})
	}
}

// scripts are the test scripts of a directory. Beside testscript's own commands
// they have:
//
//	sample NAME DIR    unpacks a sample guest
//	upgrade DIR        does to it what an upgrade of its packages does
//	exit CODE ARGS…    runs bootledger, which has to exit with CODE
//	listing DIR FILE   writes what each path below DIR holds to FILE
//	flip FILE WORD     damages a byte of each place where WORD stands in FILE
func scripts(t *testing.T, dir string) testscript.Params {
	return testscript.Params{
		Dir: dir,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"sample": func(ts *testscript.TestScript, _ bool, args []string) {
				dir := ts.MkAbs(args[1])
				ts.Check(os.MkdirAll(dir, 0o755))
				ts.Check(sample.Unpack(dir, args[0]))
			},
			"upgrade": func(ts *testscript.TestScript, _ bool, args []string) {
				ts.Check(sample.Upgrade(ts.MkAbs(args[0])))
			},
			"exit": func(ts *testscript.TestScript, _ bool, args []string) {
				got := "0"
				if err := ts.Exec("bootledger", args[1:]...); err != nil {
					got = strings.TrimPrefix(err.Error(), "exit status ")
				}
				if got != args[0] {
					ts.Fatalf("bootledger %s: exit code %s, want %s", strings.Join(args[1:], " "), got, args[0])
				}
			},
			"flip": func(ts *testscript.TestScript, _ bool, args []string) {
				path := ts.MkAbs(args[0])
				whole, err := os.ReadFile(path)
				ts.Check(err)
				damaged := strings.ReplaceAll(string(whole), args[1], "#"+args[1][1:])
				if damaged == string(whole) {
					ts.Fatalf("no %q in %s", args[1], args[0])
				}
				ts.Check(os.WriteFile(path, []byte(damaged), 0o600))
			},
			"listing": func(ts *testscript.TestScript, _ bool, args []string) {
				listing := rootfstest.Snapshot(t, ts.MkAbs(args[0]))
				var text strings.Builder
				for _, path := range slices.Sorted(maps.Keys(listing)) {
					fmt.Fprintf(&text, "%s %s\n", path, listing[path])
				}
				ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text.String()), 0o644))
			},
		},
	}
}
