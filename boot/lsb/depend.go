package lsb

import (
	"fmt"
	"strings"
)

// DependFiles lists the files below /etc/init.d that insserv writes for
// startpar: for the boot, for the start and for the stop of a runlevel.
var DependFiles = []string{".depend.boot", ".depend.start", ".depend.stop"}

// Depend is the content of a .depend file, a makefile of sorts.
type Depend struct {
	Targets     []string
	Interactive []string
	// HasInteractive tells whether there is an INTERACTIVE line: .depend.stop
	// has none.
	HasInteractive bool
	Rules          []DependRule
}

// DependRule is a line "script: other other": the script runs when the others
// have run.
type DependRule struct {
	Script string
	After  []string
}

const (
	targetsLine     = "TARGETS ="
	interactiveLine = "INTERACTIVE ="
)

// Bytes gives the file as insserv writes it.
func (d Depend) Bytes() []byte {
	var b strings.Builder
	line := func(head string, names []string) {
		b.WriteString(head)
		for _, name := range names {
			b.WriteByte(' ')
			b.WriteString(name)
		}
		b.WriteByte('\n')
	}
	line(targetsLine, d.Targets)
	if d.HasInteractive {
		line(interactiveLine, d.Interactive)
	}
	for _, r := range d.Rules {
		line(r.Script+":", r.After)
	}
	return []byte(b.String())
}

// ParseDepend reads a .depend file as insserv writes it: what is accepted comes
// back from Bytes unchanged. The error names the line.
func ParseDepend(text []byte) (Depend, error) {
	var d Depend
	number := 0
	fail := func(what string) (Depend, error) {
		return Depend{}, fmt.Errorf("cannot read line %d of a .depend file: %s", number, what)
	}
	for line := range strings.Lines(string(text)) {
		number++
		line, ended := strings.CutSuffix(line, "\n")
		if !ended {
			return fail("no newline at its end")
		}
		head, names, ok := splitRule(line)
		switch {
		case !ok:
			return fail("names are not separated by one blank")
		case number == 1:
			if head != targetsLine {
				return fail("no " + targetsLine)
			}
			d.Targets = names
		case number == 2 && head == interactiveLine:
			d.HasInteractive, d.Interactive = true, names
		default:
			script, isRule := strings.CutSuffix(head, ":")
			if !isRule || script == "" {
				return fail("not a rule")
			}
			d.Rules = append(d.Rules, DependRule{Script: script, After: names})
		}
	}
	if number == 0 {
		return fail("no " + targetsLine)
	}
	return d, nil
}

// splitRule takes the part before the names, which "TARGETS =" shows may hold a
// blank, from the names.
func splitRule(line string) (head string, names []string, ok bool) {
	for _, head := range []string{targetsLine, interactiveLine} {
		if line == head {
			return head, nil, true
		}
		if rest, found := strings.CutPrefix(line, head+" "); found {
			names = strings.Split(rest, " ")
			return head, names, !hasEmpty(names)
		}
	}
	names = strings.Split(line, " ")
	return names[0], names[1:], !hasEmpty(names)
}

func hasEmpty(names []string) bool {
	for _, name := range names {
		if name == "" {
			return true
		}
	}
	return false
}
