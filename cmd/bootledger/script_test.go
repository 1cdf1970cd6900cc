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

// TestScripts runs the verbs against sample guests. Beside testscript's own
// commands there are:
//
//	sample NAME DIR    unpacks a sample guest
//	upgrade DIR        does to it what an upgrade of its packages does
//	exit CODE ARGS…    runs bootledger, which has to exit with CODE
//	listing DIR FILE   writes what each path below DIR holds to FILE
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
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
			"listing": func(ts *testscript.TestScript, _ bool, args []string) {
				listing := rootfstest.Snapshot(t, ts.MkAbs(args[0]))
				var text strings.Builder
				for _, path := range slices.Sorted(maps.Keys(listing)) {
					fmt.Fprintf(&text, "%s %s\n", path, listing[path])
				}
				ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text.String()), 0o644))
			},
		},
	})
}
