package snapshot

import (
	"bytes"
	"fmt"
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
	intents    map[string]*state.Intent
	in         order.Input
	facilities lsb.Facilities
	providers  map[string][]boot.Script
	findings   []Finding
}

// Check looks for what is unsound in the guest's boot, and for scripts that the
// next upgrade of their package could not enable. It runs no program of the
// guest.
func (s *Session) Check() ([]Finding, error) {
	method, err := s.method("")
	if err != nil {
		return nil, err
	}
	c := checker{Session: s, in: s.configuration.Tree.OrderInput(), providers: map[string][]boot.Script{}}
	if c.intents, err = s.intents(); err != nil {
		return nil, err
	}
	rules := s.native.Rules
	c.facilities, _ = lsb.ParseFacilities(c.in.Conf, c.in.ConfDir, lsb.NameRules{Dpkg: rules.Dpkg, Ucf: rules.Ucf}).
		Expand(rules.NestedInPlace) // insserv refuses a loop among them, which is found below
	for _, script := range s.configuration.Scripts {
		for _, name := range provides(script) {
			c.providers[name] = append(c.providers[name], script)
		}
	}

	now := order.Run(rules, c.in, order.Call{})
	c.loops(now.Report.Loops)
	c.requirements(now.Report.Missing)
	if method == Insserv && now.ExitCode == 0 {
		c.links(now)
	}
	c.headers(now.Report.Duplicates)
	if method == Insserv {
		if now.ExitCode != 0 && len(c.findings) == 0 {
			c.find(findRefused, boot.Script{}, "", "insserv refuses to order the boot: %s", lastLines(strings.Join(now.Messages, "\n"), 3))
		}
		c.refusals()
	}
	return c.findings, nil
}

// provides lists the names that a script goes by in the headers of others.
func provides(script boot.Script) []string {
	if names := script.Header.Provides.Names(); len(names) > 0 {
		return names
	}
	return []string{script.Name}
}

// find records a finding, with the line of the script's header that has the key;
// an empty key means none.
func (c *checker) find(kind string, script boot.Script, key lsb.Key, format string, args ...any) {
	f := Finding{Kind: kind, Script: script.Name, Message: fmt.Sprintf(format, args...)}
	f.Package, _ = c.packages.Owner(boot.InitDir + "/" + script.Name)
	if number := script.Header.Field(key).Line; number > 0 {
		_, text := c.configuration.HeaderText(script)
		lines := bytes.SplitN(text, []byte("\n"), number+1)
		f.Line = &HeaderLine{Number: number, Text: string(lines[number-1])}
	}
	c.findings = append(c.findings, f)
}

// place says where a script's header has a key, for people.
func (c *checker) place(script boot.Script, key lsb.Key) string {
	path, _ := c.configuration.HeaderText(script)
	return fmt.Sprintf("%s of %s, line %d", key, path, script.Header.Field(key).Line)
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
			c.find(findDisabled, script, lsb.RequiredStart, "requires %s, which does not start in runlevels %s (%s): insserv refuses that; have both start in the same runlevels",
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

// required lists the services that a word of a Required line stands for. A
// facility that nobody defines stands for itself.
func (c *checker) required(word string) []string {
	switch {
	case strings.EqualFold(word, "$all"), strings.EqualFold(word, "$null"), strings.HasPrefix(word, "+"):
		return nil
	case !strings.HasPrefix(word, "$"):
		return []string{word}
	}
	members, defined := c.facilities.Members(word)
	if !defined {
		return []string{word}
	}
	var names []string
	for _, member := range members {
		if !member.Optional {
			names = append(names, member.Name)
		}
	}
	return names
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
	provider, why := providers[0].Name, "is not enabled"
	if intent := c.intents[provider]; intent != nil {
		why = fmt.Sprintf("transaction %d disabled", intent.Transaction)
	}
	c.find(findDisabled, script, key, "requires %s of %s, which %s (%s): bootledger enable %s, or disable %s as well",
		name, provider, why, c.place(script, key), provider, script.Name)
	return true
}

// links finds enabled scripts to which insserv would give other links.
func (c *checker) links(now order.Result) {
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
			c.find(findLinks, script, "", "has %s where insserv would write %s: the next package that calls update-rc.d renumbers it, or run insserv",
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
func (c *checker) headers(duplicates []order.Duplicate) {
	for _, script := range c.configuration.Scripts {
		switch path, _ := c.configuration.HeaderText(script); {
		case !script.Enabled || script.Header.Found():
		case script.Header.Unterminated():
			c.find(findNoHeader, script, "", "%s has no line %q: insserv takes the script for broken; add the line", path, lsb.EndLine)
		default:
			c.find(findNoHeader, script, "", "%s has no header, so nothing says when it must run: add one, or write an override", path)
		}
	}
	for _, d := range duplicates {
		second := c.configuration.Script(d.Scripts[1])
		c.find(findDuplicate, second, lsb.Provides, "provides %s, as %s does (%s): insserv counts the first only; take one of them out",
			d.Service, d.Scripts[0], c.place(second, lsb.Provides))
	}
}

// refusals finds the scripts that update-rc.d, which the postinst of a package
// calls for each of its scripts, could not enable.
func (c *checker) refusals() {
	force := c.configuration.Release.UpdateRcdForces()
	for _, script := range c.configuration.Scripts {
		owner, version := c.packages.Owner(boot.InitDir + "/" + script.Name)
		if version == "" {
			continue
		}
		result := order.Run(c.native.Rules, c.in, order.Call{Names: []string{script.Name}, Force: force})
		if result.ExitCode != 0 {
			c.find(findRefused, script, "", "the next upgrade of %s fails: update-rc.d %s defaults would be refused, %s",
				owner, script.Name, lastLines(strings.Join(result.Messages, "\n"), 2))
		}
	}
}
