package order

import (
	"fmt"
	"strings"
)

// Call is a command line of insserv.
type Call struct {
	// Names are the scripts named, each with what insserv accepts after a
	// comma: "NAME,start=2 3,stop=0 1 6".
	Names     []string
	Remove    bool // -r
	Force     bool // -f
	Defaults  bool // -d: runlevels as in the headers
	DryRun    bool // -n: says what it would, and writes nothing
	Recursive bool // -e: required scripts as well
}

// ParseArgs reads the arguments of insserv as getopt_long does: options and
// names in any order, short options joined, long ones shortened, "--" before
// names only. Options that only say where files are or how much to print are
// accepted and have no effect.
func ParseArgs(args []string) (Call, error) {
	var c Call
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		var err error
		switch {
		case arg == "--":
			c.addNames(args)
			return c, nil
		case strings.HasPrefix(arg, "--"):
			args, err = c.long(arg[2:], args)
		case len(arg) > 1 && arg[0] == '-':
			args, err = c.short(arg[1:], args)
		default:
			c.addNames([]string{arg})
		}
		if err != nil {
			return Call{}, err
		}
	}
	return c, nil
}

// addNames keeps the base name of paths: insserv takes /etc/init.d/NAME as well.
func (c *Call) addNames(names []string) {
	for _, name := range names {
		path, levels, hasLevels := strings.Cut(name, ",")
		name = path[strings.LastIndexByte(path, '/')+1:]
		if hasLevels {
			name += "," + levels
		}
		c.Names = append(c.Names, name)
	}
}

var options = []struct {
	short    byte
	long     string
	argument bool
	set      func(*Call)
}{
	{'r', "remove", false, func(c *Call) { c.Remove = true }},
	{'f', "force", false, func(c *Call) { c.Force = true }},
	{'d', "default", false, func(c *Call) { c.Defaults = true }},
	{'n', "dry-run", false, func(c *Call) { c.DryRun = true }},
	{'s', "show-all", false, func(c *Call) { c.DryRun = true }},
	{'e', "recursive", false, func(c *Call) { c.Recursive = true }},
	{'v', "verbose", false, nil},
	{'q', "silent", false, nil},
	{'p', "path", true, nil},
	{'c', "config", true, nil},
	{'o', "override", true, nil},
	{'i', "insserv-dir", true, nil},
	{'u', "upstart-job", true, nil},
}

func (c *Call) short(letters string, args []string) (rest []string, err error) {
next:
	for i := range len(letters) {
		for _, o := range options {
			if o.short != letters[i] {
				continue
			}
			if o.argument {
				if i+1 < len(letters) {
					return args, nil
				}
				if len(args) == 0 {
					return nil, fmt.Errorf("option -%c of insserv needs an argument", o.short)
				}
				return args[1:], nil
			}
			if o.set != nil {
				o.set(c)
			}
			continue next
		}
		return nil, fmt.Errorf("unknown option -%c of insserv", letters[i])
	}
	return args, nil
}

func (c *Call) long(text string, args []string) (rest []string, err error) {
	name, _, joined := strings.Cut(text, "=")
	found := -1
	for i, o := range options {
		if o.long == name {
			found = i
			break
		}
		if strings.HasPrefix(o.long, name) {
			if found >= 0 {
				return nil, fmt.Errorf("ambiguous option --%s of insserv", name)
			}
			found = i
		}
	}
	switch {
	case found < 0:
		return nil, fmt.Errorf("unknown option --%s of insserv", name)
	case joined && !options[found].argument:
		return nil, fmt.Errorf("option --%s of insserv takes no argument", name)
	case options[found].argument && !joined:
		if len(args) == 0 {
			return nil, fmt.Errorf("option --%s of insserv needs an argument", name)
		}
		return args[1:], nil
	}
	if set := options[found].set; set != nil {
		set(c)
	}
	return args, nil
}
