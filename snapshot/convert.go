package snapshot

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/bootledger/bootledger/boot"
	"github.com/bootledger/bootledger/boot/lsb"
	"github.com/bootledger/bootledger/boot/near"
	"github.com/bootledger/bootledger/boot/profile"
	"github.com/bootledger/bootledger/boot/rootfs"
	"github.com/bootledger/bootledger/state"
)

// ConvertOptions says how far Convert goes.
type ConvertOptions struct {
	Level  profile.Level
	Method string // Links, Insserv, Override, or empty for the one that fits the boot scheme
}

// Convert disables every script that the profile names at the level, records
// the intent that it stays so, and makes the profile's edits. Scripts that are off already get the
// intent alone.
func (s *Session) Convert(ctx context.Context, o ConvertOptions, c Changing) (*Result, error) {
	method, err := s.method(o.Method)
	if err != nil {
		return nil, err
	}
	intents, err := s.intents()
	if err != nil {
		return nil, err
	}
	d := s.newDraft(state.Convert)
	var wanted []intention
	for _, script := range s.scriptNames() {
		rule, named := s.rule(script)
		if !named || !o.Level.Includes(rule.Verdict) {
			continue
		}
		if _, stands := intents[script]; (!stands || s.runs(script)) && !s.keeps(d, script) {
			wanted = append(wanted, intention{script: script, reason: rule.Reason})
		}
	}
	if err := s.disableByIntent(ctx, d, method, c.Force, wanted, intents); err != nil {
		return nil, err
	}
	d.edit(editsAt(s.options.Profile, o.Level))
	d.profile, d.level = s.options.Profile.Name, string(o.Level)
	return s.apply(d, c)
}

// Disable takes named scripts out of the boot and records the intent.
func (s *Session) Disable(ctx context.Context, scripts []string, c Changing) (*Result, error) {
	method, names, intents, err := s.named(scripts)
	if err != nil {
		return nil, err
	}
	d := s.newDraft(state.Disable)
	var wanted []intention
	for _, script := range names {
		if _, stands := intents[script]; stands && !s.runs(script) {
			continue
		}
		if k, kept := s.kept[script]; kept {
			d.warn("%s is kept by %s:%d: disabled by name it stays off only until it comes back", rootfs.Quote(script), boot.KeepList, k.Line)
		}
		rule, _ := s.rule(script)
		wanted = append(wanted, intention{script: script, reason: cmp.Or(c.Comment, rule.Reason, "disabled by name")})
	}
	if err := s.disableByIntent(ctx, d, method, c.Force, wanted, intents); err != nil {
		return nil, err
	}
	return s.apply(d, c)
}

// Enable puts named scripts back into the boot, those that no transaction
// disabled too, and drops the intents.
func (s *Session) Enable(ctx context.Context, scripts []string, c Changing) (*Result, error) {
	method, names, intents, err := s.named(scripts)
	if err != nil {
		return nil, err
	}
	d := s.newDraft(state.Enable)
	var comebacks []comeback
	for _, script := range names {
		intent, stands := intents[script]
		if s.runs(script) {
			if stands {
				d.decide(script, intent, nil)
			}
			continue
		}
		d.decide(script, intent, nil)
		comebacks = append(comebacks, comeback{script: script, links: recordedLinks(intent)})
	}
	if err := s.enable(ctx, d, method, comebacks); err != nil {
		return nil, err
	}
	return s.apply(d, c)
}

// intention is a script that is to be disabled, and why.
type intention struct{ script, reason string }

func (s *Session) disableByIntent(ctx context.Context, d *draft, method string, force bool, wanted []intention, intents map[string]*state.Intent) error {
	scripts := make([]string, 0, len(wanted))
	for _, w := range wanted {
		scripts = append(scripts, w.script)
		intent := &state.Intent{Script: w.script, Method: method, Reason: w.reason, Links: paths(linksOf(d.after, w.script))}
		before := intents[w.script]
		if before != nil { // the decision stands, only its links are news
			intent.Transaction, intent.Reason = before.Transaction, before.Reason
		}
		d.decide(w.script, before, intent)
	}
	return s.disable(ctx, d, method, force, scripts)
}

// method chooses the way to disable scripts that fits the guest.
func (s *Session) method(asked string) (string, error) {
	fitting := s.configuration.Method()
	scheme := s.configuration.Detection.Scheme
	switch {
	case fitting == "":
		return "", fail(NotAGuest, "only boots from /etc/rc?.d are managed", "the guest boots with %s", scheme)
	case asked == "", asked == "auto":
		return fitting, nil
	case asked != Links && fitting == Links:
		return "", fail(Usage, "use --method=links", "the boot scheme is %s: insserv would number every link anew", scheme)
	}
	return asked, nil
}

// named checks the names of scripts that a user gave.
func (s *Session) named(scripts []string) (method string, names []string, intents map[string]*state.Intent, err error) {
	if method, err = s.method(""); err != nil {
		return "", nil, nil, err
	}
	if intents, err = s.intents(); err != nil {
		return "", nil, nil, err
	}
	known := s.scriptNames()
	for script := range intents {
		known = append(known, script)
	}
	for _, script := range scripts {
		if !slices.Contains(known, script) {
			return "", nil, nil, unknownScript(script, known)
		}
		if !slices.Contains(names, script) {
			names = append(names, script)
		}
	}
	return method, names, intents, nil
}

// scriptNames lists every script of the guest, and every name that has links
// though its script is gone, sorted.
func (s *Session) scriptNames() []string { return scriptNames(s.configuration) }

func scriptNames(configurations ...*boot.Configuration) []string {
	names := map[string]bool{}
	for _, c := range configurations {
		for _, script := range c.Scripts {
			names[script.Name] = true
		}
		for _, link := range c.Links {
			names[link.Name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// runs reports whether the guest's boot runs the script.
func (s *Session) runs(name string) bool { return runs(s.configuration, name) }

func runs(c *boot.Configuration, name string) bool {
	if script := c.Script(name); script.Name != "" {
		return script.Enabled
	}
	return slices.ContainsFunc(linksOf(c.Tree, name), func(link lsb.Link) bool {
		_, leads := c.Tree.Through[link.Path()]
		return leads || c.Tree.Nodes[link.Path()].Type == rootfs.File // rc passes over a dangling link
	})
}

func (s *Session) rule(script string) (profile.Rule, bool) {
	return s.ruleOf(s.options.Profile, script)
}

func (s *Session) ruleOf(p profile.Profile, script string) (profile.Rule, bool) {
	provides := s.configuration.Script(script).Header.Provides.Names()
	return p.Match(script, provides, s.configuration.Release.Codename)
}

// intents gives the standing intents by script.
func (s *Session) intents() (map[string]*state.Intent, error) {
	list, err := s.ledger.Intents()
	if err != nil {
		return nil, err
	}
	intents := make(map[string]*state.Intent, len(list))
	for i := range list {
		intents[list[i].Script] = &list[i]
	}
	return intents, nil
}

// recordedLinks gives the links that a script had when it was disabled.
func recordedLinks(intent *state.Intent) []lsb.Link {
	if intent == nil {
		return nil
	}
	var links []lsb.Link
	for _, path := range intent.Links {
		if link, ok := linkPath(path); ok {
			links = append(links, link)
		}
	}
	return links
}

func unknownScript(name string, known []string) error {
	return fail(UnknownScript, nearMisses(name, known, "bootledger scripts lists all of them"),
		"no script %s in %s", rootfs.Quote(name), boot.InitDir)
}

// nearMisses is the hint that names what a user may have meant, otherwise if
// there is nothing like it.
func nearMisses(name string, known []string, otherwise string) string {
	meant := near.Names(name, known, 3)
	if len(meant) == 0 {
		return otherwise
	}
	return "near misses: " + strings.Join(meant, ", ")
}
