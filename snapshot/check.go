package snapshot

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/bootledger/bootledger/boot"
	"github.com/bootledger/bootledger/boot/lsb"
	"github.com/bootledger/bootledger/boot/order"
	"github.com/bootledger/bootledger/state"
)

// The kinds of findings.
const (
	findLoop      = "loop"           // scripts that must come after each other
	findMissing   = "missing"        // nobody provides what an enabled script requires
	findDisabled  = "disabled"       // who provides it is not enabled
	findLinks     = "links_disagree" // insserv would number the script's links otherwise
	findNoHeader  = "no_header"      // an enabled script has no complete header
	findDuplicate = "duplicate"      // two scripts provide the same name
	findRefused   = "refused"        // insserv will not enable the script again
)

// Finding is something in a guest's boot that is wrong or will go wrong.
type Finding struct {
	Kind    string      // loop, missing, disabled, links_disagree, no_header, duplicate or refused
	Script  string      // empty if it concerns the boot as a whole
	Package string      // that owns the script, empty if none does
	Message string      // what is wrong, where, and what to do
	Line    *HeaderLine // the line of a header that makes it, nil if none does
}

// HeaderLine is a line of a script's header, in the script or in an override.
type HeaderLine struct {
	Number int // the first line of the file is 1
	Text   string
}

// checker is one check under way.
type checker struct {
	*Session
	dependencies
	method   string // Links where insserv does not order the boot
	force    bool   // update-rc.d(8) calls insserv with -f
	intents  map[string]*state.Intent
	in       order.Input
	findings []Finding
}

// Check looks for what is unsound in the guest's boot, and for scripts that the
// next upgrade of their package could not enable. It runs no program of the
// guest.
func (s *Session) Check() ([]Finding, error) {
	c := checker{
		Session: s, force: s.configuration.Release.UpdateRcdForces(),
		in: s.configuration.Tree.OrderInput(),
	}
	var err error
	if c.method, err = s.method(""); err != nil {
		return nil, err
	}
	if c.intents, err = s.intents(); err != nil {
		return nil, err
	}
	if c.dependencies, err = dependenciesOf(s.configuration, s.native.Rules); err != nil {
		c.find(findRefused, boot.Script{}, "", "insserv refuses everything: %v; mend /etc/insserv.conf and the files of /etc/insserv.conf.d", err)
		return c.findings, nil
	}

	now := order.Run(s.native.Rules, c.in, order.Call{})
	c.loops(now.Report.Loops)
	c.requirements(now.Report.Missing)
	c.headers()
	if c.method != Links {
		c.links(now)
		c.refusals()
	}
	return c.findings, nil
}

// find records a finding, with the line of the script's header that has the key;
// an empty key means none.
func (c *checker) find(kind string, script boot.Script, key lsb.Key, format string, args ...any) {
	f := Finding{Kind: kind, Script: script.Name, Message: fmt.Sprintf(format, args...)}
	f.Package, _ = c.packages.Owner(boot.InitDir + "/" + script.Name)
	if number := script.Header.Field(key).Line; number > 0 {
		lines := bytes.SplitN(c.configuration.HeaderText(script.Name), []byte("\n"), number+1)
		f.Line = &HeaderLine{Number: number, Text: string(lines[number-1])}
	}
	c.findings = append(c.findings, f)
}

// place says where a script's header has a key, for people.
func (c *checker) place(script boot.Script, key lsb.Key) string {
	return fmt.Sprintf("%s of %s, line %d", key, c.configuration.HeaderPath(script.Name), script.Header.Field(key).Line)
}

// requirements finds enabled scripts without what they require. That something
// required at the stop is not enabled has no consequence: it stays as it is.
func (c *checker) requirements(missing []order.Missing) {
	for _, script := range c.configuration.Scripts {
		if !script.Enabled {
			continue
		}
		told := map[string]bool{}
		for _, key := range []lsb.Key{lsb.RequiredStart, lsb.RequiredStop} {
			for _, word := range script.Header.Field(key).Names() {
				for _, name := range c.required(word) {
					if !told[name] && c.requirement(script, key, name) {
						told[name] = true
					}
				}
			}
		}
	}
	for _, m := range missing {
		if len(m.Levels) > 0 {
			script := c.configuration.Script(m.Script)
			c.find(findDisabled, script, lsb.RequiredStart, "requires %s, which does not start in runlevels %s (%s): insserv without -f refuses everything; have both start in the same runlevels",
				m.Service, levelList(m.Levels), c.place(script, lsb.RequiredStart))
		}
	}
}

func levelList(levels []lsb.Runlevel) string {
	words := make([]string, 0, len(levels))
	for _, level := range levels {
		words = append(words, level.String())
	}
	return strings.Join(words, " ")
}

func (c *checker) requirement(script boot.Script, key lsb.Key, name string) (found bool) {
	providers := c.providers[name]
	if len(providers) == 0 {
		c.find(findMissing, script, key, "requires %s, which no script provides (%s): install what does, or write an override without it",
			name, c.place(script, key))
		return true
	}
	if key == lsb.RequiredStop || slices.ContainsFunc(providers, func(p boot.Script) bool { return p.Enabled }) {
		return false
	}
	provider, why := providers[0], "is not enabled"
	if intent := c.intents[provider.Name]; intent != nil {
		why = fmt.Sprintf("transaction %d disabled", intent.Transaction)
	}
	refusal := ""
	if c.method != Links && c.force && len(provider.Links) == 0 { // to insserv any link enables a script
		refusal = fmt.Sprintf("insserv %s would be refused without -f; ", script.Name)
	}
	c.find(findDisabled, script, key, "requires %s of %s, which %s (%s): %swrite an override without it, or bootledger enable %s",
		name, provider.Name, why, c.place(script, key), refusal, provider.Name)
	return true
}

// links finds enabled scripts to which insserv would give other links.
func (c *checker) links(now order.Result) {
	if now.ExitCode != 0 {
		return
	}
	would := map[string][]string{}
	for _, level := range lsb.AllRunlevels {
		for _, base := range now.Links[level] {
			if link, ok := lsb.ParseLink(level, base); ok {
				would[link.Name] = append(would[link.Name], link.Path())
			}
		}
	}
	for _, script := range c.configuration.Scripts {
		have := paths(script.Links)
		var gone, come []string
		for _, path := range have {
			if !slices.Contains(would[script.Name], path) {
				gone = append(gone, path)
			}
		}
		for _, path := range would[script.Name] {
			if !slices.Contains(have, path) {
				come = append(come, path)
			}
		}
		if len(gone)+len(come) > 0 {
			c.find(findLinks, script, "", "has %s where insserv would write %s: insserv, or the next package that calls update-rc.d, renumbers it",
				orNothing(gone), orNothing(come))
		}
	}
}

func orNothing(paths []string) string {
	if len(paths) == 0 {
		return "nothing"
	}
	return enumerate(paths, 3)
}

// headers finds scripts that insserv cannot place, or cannot tell apart.
func (c *checker) headers() {
	for _, script := range c.configuration.Scripts {
		switch path := c.configuration.HeaderPath(script.Name); {
		case script.Unterminated != lsb.FromNowhere:
			c.find(findNoHeader, script, "", "%s has no line %q: insserv without -f refuses everything; add the line",
				c.configuration.SourcePath(script.Name, script.Unterminated), lsb.EndLine)
		case script.Enabled && !script.Header.Found():
			c.find(findNoHeader, script, "", "%s has no header, so nothing says when it must run: add one, or write an override", path)
		}
	}
	told := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(c.providers)) {
		first := c.providers[name][0]
		for _, script := range c.providers[name][1:] {
			if pair := first.Name + "/" + script.Name; !told[pair] && script.Name != first.Name {
				told[pair] = true
				c.find(findDuplicate, script, lsb.Provides, "provides %s, as %s does (%s): insserv counts only one of them; take one out, or write an override with another name",
					name, first.Name, c.place(script, lsb.Provides))
			}
		}
	}
}

// refusals finds the scripts that update-rc.d, which the postinst of a package
// calls for each of its scripts, could not enable. One finding stands for all
// when it refuses all.
func (c *checker) refusals() {
	before, owned := len(c.findings), 0
	for _, script := range c.configuration.Scripts {
		owner, version := c.packages.Owner(boot.InitDir + "/" + script.Name)
		if version == "" {
			continue
		}
		owned++
		result := order.Run(c.native.Rules, c.in, order.Call{Names: []string{script.Name}, Force: c.force})
		if result.ExitCode == 0 {
			continue
		}
		key, mend := lsb.Key(""), "mend that"
		if len(result.Report.Missing) > 0 && result.Report.Missing[0].Script == script.Name {
			key, mend = lsb.RequiredStart, "enable that, or write an override without it"
		}
		c.find(findRefused, script, key, "insserv would refuse update-rc.d %s defaults, and the next upgrade of %s would fail (%s): %s",
			script.Name, owner, saying(result), mend)
	}
	all := order.Run(c.native.Rules, c.in, order.Call{Force: c.force})
	if refused := len(c.findings) - before; all.ExitCode != 0 && refused == owned {
		c.findings = c.findings[:before]
		c.find(findRefused, boot.Script{}, "", "insserv would refuse update-rc.d for every script, and the next upgrade of any package with one would fail (%s): mend that", saying(all))
	}
}

// saying gives what insserv says last, on one line.
func saying(result order.Result) string { return lastLines(strings.Join(result.Messages, "\n"), 3) }
