package order_test

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bootledger/bootledger/boot/lsb"
	"github.com/bootledger/bootledger/boot/order"
)

// goldenCase is a tree, and what several releases of insserv made of it in a
// few calls.
type goldenCase struct {
	Name      string            `json:"name"`
	Conf      string            `json:"conf"`
	Scripts   map[string]string `json:"scripts"`
	Overrides map[string]string `json:"overrides"`
	Results   []struct {
		Versions []string     `json:"versions"`
		Steps    []goldenStep `json:"steps"`
	} `json:"results"`
}

type goldenStep struct {
	Args    []string            `json:"args"`
	Exit    int                 `json:"exit"`
	Stderr  string              `json:"stderr"`
	Links   map[string]string   `json:"links"`   // "rc2.d/S01x" -> target, afterwards
	Depend  map[string]string   `json:"depend"`  // afterwards
	Readdir map[string][]string `json:"readdir"` // before
}

func TestGolden(t *testing.T) {
	f, err := os.Open("testdata/insserv-cases.jsonl.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	runs := 0
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var c goldenCase
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		for _, result := range c.Results {
			for _, version := range result.Versions {
				runs++
				t.Run(c.Name+"/"+version, func(t *testing.T) { replay(t, c, version, result.Steps) })
			}
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	if want := 500 * 7; runs != want {
		t.Errorf("replayed %d cases, want %d", runs, want)
	}
}

func replay(t *testing.T, c goldenCase, version string, steps []goldenStep) {
	rules, ok := order.RulesFor(version)
	if !ok {
		t.Fatalf("no rules for %s", version)
	}
	in := order.Input{Conf: []byte(c.Conf), LocalOverrides: map[string][]byte{}}
	for name, text := range c.Overrides {
		in.LocalOverrides[name] = []byte(text)
	}
	targets := map[string]string{}
	depend := map[string]string{}
	for i, step := range steps {
		in.Scripts = nil
		for _, name := range step.Readdir["init.d"] {
			in.Scripts = append(in.Scripts, order.Script{
				Name: name, Regular: true, Executable: !strings.HasPrefix(name, "."), Text: []byte(c.Scripts[name]),
			})
		}
		in.Links = map[lsb.Runlevel][]order.LinkEntry{}
		for _, level := range lsb.AllRunlevels {
			for _, base := range step.Readdir[level.Dir()] {
				in.Links[level] = append(in.Links[level], order.LinkEntry{
					Base: base, Symlink: true, Target: targets[level.Dir()+"/"+base],
				})
			}
		}
		call, err := order.ParseArgs(step.Args)
		if err != nil {
			t.Fatal(err)
		}
		got := order.Run(rules, in, call)
		if got.ExitCode != step.Exit {
			t.Errorf("step %d %v: exit code %d, want %d\ngot  %q\nwant %q", i, step.Args, got.ExitCode, step.Exit, got.Messages, step.Stderr)
			return
		}
		if strings.Contains(step.Stderr, "insserv-"+version+": ") { // kept of one version of those that agree
			if diff := cmp.Diff(loopLines(step.Stderr), loopLines(strings.Join(got.Messages, "\n"))); diff != "" {
				t.Errorf("step %d %v: loops (-want +got):\n%s", i, step.Args, diff)
			}
		}
		var gotLinks, wantLinks []string
		for _, level := range lsb.AllRunlevels {
			for _, base := range got.Links[level] {
				gotLinks = append(gotLinks, level.Dir()+"/"+base)
			}
		}
		for name := range step.Links {
			wantLinks = append(wantLinks, name)
		}
		slices.Sort(gotLinks)
		slices.Sort(wantLinks)
		if diff := cmp.Diff(wantLinks, gotLinks); diff != "" {
			t.Errorf("step %d %v: links (-want +got):\n%s\n%s", i, step.Args, diff, step.Stderr)
		}
		for name, text := range got.Depend {
			depend[name] = string(text)
		}
		if diff := cmp.Diff(step.Depend, depend); diff != "" {
			t.Errorf("step %d %v: .depend files (-want +got):\n%s", i, step.Args, diff)
		}
		if t.Failed() {
			return
		}
		targets = step.Links
	}
}

// loopLines picks the messages about loops: where they are the same, the graph
// was followed in the same way.
func loopLines(text string) []string {
	var found []string
	for line := range strings.Lines(text) {
		if i := strings.Index(line, "There is a loop "); i >= 0 {
			found = append(found, strings.TrimSpace(line[i:]))
		} else if i := strings.Index(line, "loop involving "); i >= 0 {
			found = append(found, strings.TrimSpace(line[i:]))
		}
	}
	return found
}
