package profile_test

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bootledger/bootledger/boot/profile"
)

func texts(files map[string]string) func(string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		if text, ok := files[name]; ok {
			return []byte(text), nil
		}
		return nil, fs.ErrNotExist
	}
}

func TestLoadErrors(t *testing.T) {
	files := map[string]string{
		"ring":            "# one\n# two\nextends = \"ring2\"\n",
		"ring2":           "\nextends = \"ring\"\n",
		"orphan":          "\n\"extends\" = \"nobody\"\n",
		"above":           "extends = \"orphan\"\n",
		"wrong":           "extends = \"lxc\"\n[[script]]\nname = \"x\"\nverdcit = \"keep\"\n",
		"outside":         "extends = \"/etc/shadow\"\n",
		"/srv/self.toml":  "extends = \"self.toml\"\n",
		"/srv/wrong.toml": "[[script]]\nnam = \"x\"\n",
	}
	for name, want := range map[string]string{
		"ring":            "profile " + profile.Dir + "/ring2.toml: line 2: it extends itself, by way of ring2, ring",
		"orphan":          "profile " + profile.Dir + "/orphan.toml: line 2: cannot read profile nobody: file does not exist",
		"above":           "profile " + profile.Dir + "/orphan.toml: line 2: cannot read profile nobody: file does not exist",
		"wrong":           "profile " + profile.Dir + `/wrong.toml: line 4, column 1: unknown key "script.verdcit", near misses: verdict`,
		"outside":         "profile " + profile.Dir + `/outside.toml: line 1: a profile of the guest extends others by name, not by the path "/etc/shadow"`,
		"/srv/self.toml":  "profile /srv/self.toml: line 1: it extends itself, by way of /srv/self.toml",
		"/srv/wrong.toml": `profile /srv/wrong.toml: line 2, column 1: unknown key "script.nam", near misses: name`,
	} {
		_, err := profile.Load(name, texts(files))
		if err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", name, err, want)
		}
	}
	if _, err := profile.Load("above", texts(files)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("above: got %v, want the cause in the chain", err)
	}
}

func TestLoadPaths(t *testing.T) {
	p, err := profile.Load("/srv/a/mine.toml", texts(map[string]string{
		"/srv/a/mine.toml": "extends = \"../base.toml\"\n[[script]]\nname = \"cron\"\nverdict = \"keep\"\n",
		"/srv/base.toml":   "extends = \"lxc\"\n[[script]]\nname = \"cron\"\nverdict = \"advised\"\n[[script]]\nname = \"udev\"\nverdict = \"keep\"\n",
	}))
	if err != nil {
		t.Fatal(err)
	}
	if p.Name != "/srv/a/mine.toml" {
		t.Errorf("got the name %s", p.Name)
	}
	for script, want := range map[string]profile.Verdict{"cron": profile.Keep, "udev": profile.Keep, "checkroot.sh": profile.Required} {
		if rule, _ := p.Match(script, nil, "bookworm"); rule.Verdict != want {
			t.Errorf("%s: got %s, want %s", script, rule.Verdict, want)
		}
	}
}

func TestParseKeep(t *testing.T) {
	text := "# what stays\nudev  for the scanner # see wiki\n\n  mdadm\r\nlvm2 #\nudev again\n../x\nfoo#bar why not\nhwclock.sh"
	got, warnings := profile.ParseKeep([]byte(text))
	want := []profile.Kept{
		{Script: "udev", Line: 2, Reason: "for the scanner"},
		{Script: "mdadm", Line: 4},
		{Script: "lvm2", Line: 5},
		{Script: "foo#bar", Line: 8, Reason: "why not"},
		{Script: "hwclock.sh", Line: 9},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if diff := cmp.Diff([]string{`6: "udev" is in line 2 already`, `7: "../x" is no name of a script`}, warnings); diff != "" {
		t.Errorf("warnings: -want +got\n%s", diff)
	}
}

func FuzzParseKeep(f *testing.F) {
	f.Add([]byte("# what stays\nudev  for the scanner # see wiki\n\nudev\n../x\nfoo#bar\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		kept, _ := profile.ParseKeep(text)
		lines := strings.Split(string(text), "\n")
		for i, k := range kept {
			if !slices.Contains(strings.Fields(lines[k.Line-1]), k.Script) || i > 0 && k.Line <= kept[i-1].Line {
				t.Errorf("%+v is not what line %d says", k, k.Line)
			}
		}
	})
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte("extends = \"b\"\n"), []byte("extends = \"a\"\n"))
	f.Add([]byte("extends = \"b\"\n[[script]]\nname = \"x\"\nverdict = \"keep\"\n"), []byte("extends = \"lxc\"\n"))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		p, err := profile.Load("a", texts(map[string]string{"a": string(a), "b": string(b)}))
		if err == nil && p.Name != "a" {
			t.Errorf("got the name %q", p.Name)
		}
	})
}
