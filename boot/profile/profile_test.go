package profile_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/bootledger/bootledger/boot/profile"
)

func TestLXCRules(t *testing.T) {
	p := profile.LXC()
	if len(p.Rules) < 145 {
		t.Errorf("got %d rules, want at least 145", len(p.Rules))
	}
	for _, rule := range p.Rules {
		switch {
		case rule.Reason == "", len(rule.Sources) == 0:
			t.Errorf("%s: reason %q, sources %q, want both", rule.Name, rule.Reason, rule.Sources)
		case len(rule.Reason) > 100:
			t.Errorf("%s: the reason has %d bytes, want at most 100", rule.Name, len(rule.Reason))
		case strings.HasSuffix(rule.Reason, "."):
			t.Errorf("%s: the reason ends in a full stop", rule.Name)
		}
	}
}

func TestMatch(t *testing.T) {
	for _, test := range []struct {
		script, release string
		provides        []string
		rule            string
		want            profile.Verdict
	}{
		{"checkroot.sh", "lenny", nil, "checkroot.sh", profile.Required},
		{"udev", "bookworm", nil, "udev", profile.Required},
		{"module-init-tools", "squeeze", nil, "module-init-tools", profile.Required},
		{"kmod", "trixie", nil, "kmod", profile.Required},
		{"umountfs", "bookworm", nil, "umountfs", profile.Required},
		{"keyboard-setup.sh", "bookworm", nil, "keyboard-setup", profile.Advised},
		{"mountkernfs.sh", "bookworm", nil, "mountkernfs.sh", profile.Keep},
		{"cron", "trixie", nil, "ssh", profile.Keep},
		{"rsyslog", "lenny", nil, "sysklogd", profile.Keep},
		{"networking", "squeeze", nil, "networking", profile.Keep},
		{"urandom", "squeeze", nil, "urandom", profile.Advised},
		{"urandom", "bookworm", nil, "urandom", profile.Keep},
		// The spellings of the page that the method comes from.
		{"checkfs", "lenny", nil, "checkfs.sh", profile.Required},
		{"module-init-tool", "lenny", nil, "module-init-tools", profile.Required},
		{"lm-sensor", "lenny", nil, "lm-sensors", profile.Required},
		// A script of another name that provides what a rule is about.
		{"my-udev", "squeeze", []string{"udev"}, "udev", profile.Required},
	} {
		rule, ok := profile.LXC().Match(test.script, test.provides, test.release)
		if !ok || rule.Name != test.rule || rule.Verdict != test.want {
			t.Errorf("%s on %s: got %s %s %v, want %s %s", test.script, test.release, rule.Name, rule.Verdict, ok, test.rule, test.want)
		}
	}
	if rule, ok := profile.LXC().Match("my-application", []string{"my-application"}, "lenny"); ok {
		t.Errorf("my-application: got a rule for %s, want none", rule.Name)
	}
}

func TestParseErrors(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"unknown key":     {"[[script]]\nname = \"x\"\nverdcit = \"keep\"\n", `line 3, column 1: unknown key "script.verdcit"`},
		"wrong type":      {"[[script]]\nname = 3\n", "line 2, column 8"},
		"no TOML":         {"name: x\n", "line 1"},
		"no name":         {"[[script]]\nverdict = \"keep\"\n", "script 1 has no name"},
		"unknown verdict": {"[[script]]\nname = \"x\"\nverdict = \"maybe\"\n", `the verdict "maybe"`},
		"unknown source":  {"[sources]\nA = \"a book\"\n[[script]]\nname = \"x\"\nverdict = \"keep\"\nsources = [\"B\"]\n", `the source "B"`},
		"twice":           {"[[script]]\nname = \"x\"\nverdict = \"keep\"\n[[script]]\nname = \"y\"\naliases = [\"x\"]\nverdict = \"keep\"\n", `"x" stands for both`},
	} {
		if _, _, err := profile.Parse("mine", []byte(test.text)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want an error with %q", name, err, test.want)
		}
	}
}

func TestLoad(t *testing.T) {
	texts := map[string]string{
		"mine":  "extends = \"lxc\"\n[[script]]\nname = \"cron\"\nverdict = \"advised\"\n[[script]]\nname = \"udev\"\nverdict = \"keep\"\n",
		"ring":  "extends = \"ring2\"\n",
		"ring2": "extends = \"ring\"\n",
	}
	missing := errors.New("no such profile")
	read := func(name string) ([]byte, error) {
		if text, ok := texts[name]; ok {
			return []byte(text), nil
		}
		return nil, missing
	}
	p, err := profile.Load("mine", read)
	if err != nil {
		t.Fatal(err)
	}
	for script, want := range map[string]profile.Verdict{"cron": profile.Advised, "udev": profile.Keep, "checkroot.sh": profile.Required} {
		if rule, _ := p.Match(script, nil, "bookworm"); rule.Verdict != want {
			t.Errorf("%s: got %s, want %s", script, rule.Verdict, want)
		}
	}
	if _, err := profile.Load("ring", read); err == nil || !strings.Contains(err.Error(), "extends itself") {
		t.Errorf("ring: got %v, want an error that says it extends itself", err)
	}
	if _, err := profile.Load("other", read); !errors.Is(err, missing) {
		t.Errorf("other: got %v, want %v", err, missing)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("extends = \"lxc\"\n[[script]]\nname = \"x\"\nverdict = \"keep\"\n[[script.when]]\nreleases = [\"lenny\"]\nverdict = \"advised\"\n"))
	f.Add([]byte("[[script]\n"))
	f.Fuzz(func(_ *testing.T, text []byte) {
		p, _, err := profile.Parse("fuzz", text)
		if err == nil {
			p.Match("x", []string{"y"}, "lenny")
		}
	})
}
