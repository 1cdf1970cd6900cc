package lsb

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// File is a file of a configuration directory: its base name and its bytes.
type File struct {
	Name string
	Text []byte
}

// Member is one name that a facility stands for.
type Member struct {
	Name     string // of a service, or of another facility with its "$"
	Optional bool   // written with "+": never missed
}

// Facilities is what insserv.conf and the files beside it define (LSB 3.1,
// 20.4; insserv(8)).
type Facilities struct {
	members map[string][]Member // by name with its "$"
	names   []string            // in the order of their first definition
	// Interactive lists the services named by <interactive>, in order.
	Interactive []string
}

// ErrFacilityLoop says that facilities stand for each other in a circle.
var ErrFacilityLoop = errors.New("facilities refer to each other in a loop")

// ParseFacilities reads insserv.conf and the files of insserv.conf.d, which it
// takes in insserv's order: the main file, then the others from the last name
// to the first, backup files left out. Definitions of one facility add up. What
// is not a definition is skipped without a word, as insserv does.
func ParseFacilities(conf []byte, dir []File, names NameRules) Facilities {
	f := Facilities{members: map[string][]Member{}}
	f.read(conf)
	dir = slices.Clone(dir)
	slices.SortFunc(dir, func(a, b File) int { return strings.Compare(b.Name, a.Name) })
	for _, file := range dir {
		if !strings.HasPrefix(file.Name, ".") && !names.IgnoredExtension(file.Name) {
			f.read(file.Text)
		}
	}
	return f
}

func (f *Facilities) read(text []byte) {
	eachLine(text, func(_ int, line string) bool {
		name, value, ok := splitDefinition(line)
		switch {
		case !ok:
		case name == "<interactive>":
			f.Interactive = append(f.Interactive, splitMembers(value)...)
		case name[0] == '$':
			if _, known := f.members[name]; !known {
				f.names = append(f.names, name)
			}
			members := f.members[name]
			for _, token := range splitMembers(value) {
				bare, optional := strings.CutPrefix(token, "+")
				members = append(members, Member{Name: bare, Optional: optional})
			}
			f.members[name] = members
		}
		return true
	})
}

// splitDefinition takes "$name [=:] value" or "<name> value" apart.
func splitDefinition(line string) (name, value string, ok bool) {
	if line == "" || line[0] != '$' && line[0] != '<' {
		return "", "", false
	}
	end := 1
	for end < len(line) && isNameByte(line[end]) {
		end++
	}
	if end == 1 {
		return "", "", false
	}
	if line[0] == '<' {
		if end == len(line) || line[end] != '>' {
			return "", "", false
		}
		end++
	}
	name = line[:end]
	rest := strings.TrimLeft(line[end:], " \t")
	if rest != "" && (rest[0] == '=' || rest[0] == ':') {
		rest = strings.TrimLeft(rest[1:], " \t")
	} else if len(rest) == len(line[end:]) {
		return name, "", rest == ""
	}
	return name, printablePrefix(rest), true
}

func isNameByte(c byte) bool {
	return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'z' || c == '-' || c == '_'
}

func splitMembers(value string) []string { return splitNames(value) }

// Names lists the facilities in the order of their first definition, each with
// its "$".
func (f Facilities) Names() []string { return slices.Clone(f.names) }

// Members gives what a facility stands for as far as it was expanded; false
// when it is not defined. The name has its "$" and its case counts.
func (f Facilities) Members(name string) ([]Member, bool) {
	m, ok := f.members[name]
	return m, ok
}

// Expand replaces facilities among the members by what they stand for. Up to
// insserv 1.14 that comes in the facility's place (inPlace), since 1.18 at the
// end of the list. Facilities that are not defined are dropped. The error wraps
// ErrFacilityLoop.
func (f Facilities) Expand(inPlace bool) (Facilities, error) {
	e := expansion{from: f, inPlace: inPlace, done: map[string][]Member{}, open: map[string]bool{}}
	for _, name := range f.names {
		if err := e.expand(name); err != nil {
			return f, err
		}
	}
	f.members = e.done
	return f, nil
}

// expandLimit bounds what definitions that double at each step can grow to.
const expandLimit = 1 << 16

type expansion struct {
	from    Facilities
	inPlace bool
	done    map[string][]Member
	open    map[string]bool
}

func (e *expansion) expand(name string) error {
	if _, ok := e.done[name]; ok {
		return nil
	}
	if e.open[name] {
		return fmt.Errorf("cannot expand %s: %w", name, ErrFacilityLoop)
	}
	e.open[name] = true
	var plain, last []Member
	for _, m := range e.from.members[name] {
		if !strings.HasPrefix(m.Name, "$") {
			plain = append(plain, m)
			continue
		}
		if _, known := e.from.members[m.Name]; !known {
			continue
		}
		if err := e.expand(m.Name); err != nil {
			return err
		}
		if e.inPlace {
			plain = append(plain, e.done[m.Name]...)
		} else {
			last = append(last, e.done[m.Name]...)
		}
		if len(plain)+len(last) > expandLimit {
			return fmt.Errorf("cannot expand %s: more than %d members: %w", name, expandLimit, ErrFacilityLoop)
		}
	}
	e.done[name] = append(plain, last...)
	return nil
}
