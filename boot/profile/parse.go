package profile

import (
	"bytes"
	"cmp"
	_ "embed" // for the built-in profile
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/pelletier/go-toml/v2"

	"github.com/bootledger/bootledger/boot/edit"
	"github.com/bootledger/bootledger/boot/near"
)

// MaxSize is the size in bytes up to which profiles are read.
const MaxSize = 1 << 20

//go:embed lxc.toml
var lxcText []byte

// LXC is the built-in profile.
var LXC = sync.OnceValue(func() Profile {
	p, _, err := Parse("lxc", lxcText)
	if err != nil {
		panic("internal error: built-in profile: " + err.Error())
	}
	return p
})

// document is a profile as it is written.
type document struct {
	Extends string            `toml:"extends"`
	Sources map[string]string `toml:"sources"`
	Script  []script          `toml:"script"`
	Edit    []editing         `toml:"edit"`
}

type editing struct {
	Name    string   `toml:"name"`
	Verdict Verdict  `toml:"verdict"`
	Reason  string   `toml:"reason"`
	Sources []string `toml:"sources"`
	TTYs    *int     `toml:"ttys"`
}

// defaultTTYs is what LXC's own configurations give a container.
const defaultTTYs = 4

type script struct {
	Name     string   `toml:"name"`
	Aliases  []string `toml:"aliases"`
	Verdict  Verdict  `toml:"verdict"`
	Reason   string   `toml:"reason"`
	Sources  []string `toml:"sources"`
	Releases []string `toml:"releases"`
	When     []struct {
		Releases []string `toml:"releases"`
		Verdict  Verdict  `toml:"verdict"`
		Reason   string   `toml:"reason"`
	} `toml:"when"`
}

// keys are all that a profile may have, at whatever depth.
var keys = []string{"extends", "sources", "script", "name", "aliases", "verdict", "reason", "releases", "when", "edit", "ttys"}

// Parse reads a profile, and the name of the one that it extends, if any.
// Unknown keys are errors, with line and column.
func Parse(name string, text []byte) (p Profile, extends string, err error) {
	var d document
	decoder := toml.NewDecoder(bytes.NewReader(text)).DisallowUnknownFields()
	if err := decoder.Decode(&d); err != nil {
		return Profile{}, "", fmt.Errorf("profile %s: %w", name, place(err))
	}
	p.Name = name
	owner := map[string]string{}
	for i, s := range d.Script {
		if s.Name == "" {
			return Profile{}, "", fmt.Errorf("profile %s: script %d has no name", name, i+1)
		}
		for _, known := range append([]string{s.Name}, s.Aliases...) {
			if other, taken := owner[known]; taken {
				return Profile{}, "", fmt.Errorf("profile %s: %q stands for both %q and %q", name, known, other, s.Name)
			}
			owner[known] = s.Name
		}
		rule := Rule{Name: s.Name, Aliases: s.Aliases, Verdict: s.Verdict, Reason: s.Reason, Releases: s.Releases}
		if rule.Sources, err = d.sources(s.Sources); err != nil {
			return Profile{}, "", fmt.Errorf("profile %s: script %q: %w", name, s.Name, err)
		}
		verdicts := []Verdict{s.Verdict}
		for _, when := range s.When {
			rule.When = append(rule.When, When(when))
			verdicts = append(verdicts, when.Verdict)
		}
		for _, verdict := range verdicts {
			if err := verdict.check(); err != nil {
				return Profile{}, "", fmt.Errorf("profile %s: script %q has %w", name, s.Name, err)
			}
		}
		p.Rules = append(p.Rules, rule)
	}
	for _, e := range d.Edit {
		made, err := d.edit(e)
		if err != nil {
			return Profile{}, "", fmt.Errorf("profile %s: edit %q %w", name, e.Name, err)
		}
		if slices.ContainsFunc(p.Edits, func(other Edit) bool { return other.Name == e.Name }) {
			return Profile{}, "", fmt.Errorf("profile %s: edit %q is there twice", name, e.Name)
		}
		p.Edits = append(p.Edits, made)
	}
	return p, d.Extends, nil
}

// edit checks a verdict on an edit.
func (d document) edit(e editing) (Edit, error) {
	if !slices.Contains(edit.Names(), e.Name) {
		return Edit{}, fmt.Errorf("is not known: use %s", strings.Join(edit.Names(), ", "))
	}
	if err := e.Verdict.check(); err != nil {
		return Edit{}, fmt.Errorf("has %w", err)
	}
	made := Edit{Name: e.Name, Verdict: e.Verdict, Reason: e.Reason, TTYs: defaultTTYs}
	if e.TTYs != nil {
		if made.TTYs = *e.TTYs; made.TTYs < 0 {
			return Edit{}, fmt.Errorf("has ttys = %d: use 0 or more", made.TTYs)
		}
	}
	sources, err := d.sources(e.Sources)
	if err != nil {
		return Edit{}, fmt.Errorf("has a wrong source: %w", err)
	}
	made.Sources = sources
	return made, nil
}

// sources looks up what the keys of sources stand for.
func (d document) sources(keys []string) ([]string, error) {
	var found []string
	for _, key := range keys {
		text, known := d.Sources[key]
		if !known && len(d.Sources) > 0 {
			return nil, fmt.Errorf("it names the source %q, which is not in the table [sources]", key)
		}
		found = append(found, cmp.Or(text, key))
	}
	return found, nil
}

func (v Verdict) check() error {
	if slices.Contains([]Verdict{Required, Advised, Keep}, v) {
		return nil
	}
	return fmt.Errorf("the verdict %q: use required, advised or keep", v)
}

// place puts line and column in front of what the decoder found.
func place(err error) error {
	var unknown *toml.StrictMissingError
	if errors.As(err, &unknown) && len(unknown.Errors) > 0 {
		line, column := unknown.Errors[0].Position()
		key := unknown.Errors[0].Key()
		hint := ""
		if meant := near.Names(key[len(key)-1], keys, 3); len(meant) > 0 {
			hint = ", near misses: " + strings.Join(meant, ", ")
		}
		return fmt.Errorf("line %d, column %d: unknown key %q%s", line, column, strings.Join(key, "."), hint)
	}
	var wrong *toml.DecodeError
	if errors.As(err, &wrong) {
		line, column := wrong.Position()
		return fmt.Errorf("line %d, column %d: %w", line, column, err)
	}
	return err
}
