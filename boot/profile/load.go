package profile

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
)

// Dir is where a guest keeps its own profiles, as NAME.toml.
const Dir = "/etc/bootledger/profiles"

// maxDepth bounds how many profiles extend each other.
const maxDepth = 8

// IsPath tells a profile that is a file on the side where the program runs from
// one that is built in or in the guest's Dir: it has a slash or ends in ".toml".
func IsPath(name string) bool {
	return strings.Contains(name, "/") || strings.HasSuffix(name, ".toml")
}

// Load reads a profile by its name or path, with those that it extends. A rule or an edit
// replaces the one of the same name in what it extends. read gives the text of a
// profile that is not built in. A relative path in extends begins where the file
// that has it lies; a profile of the guest extends no path, since what a guest
// says must not choose files outside it. Errors name file and line.
func Load(name string, read func(name string) ([]byte, error)) (Profile, error) {
	return load(name, read, nil)
}

func load(name string, read func(name string) ([]byte, error), above []string) (Profile, error) {
	if name == LXC().Name {
		return LXC(), nil
	}
	text, err := read(name)
	if err != nil {
		return Profile{}, fmt.Errorf("cannot read profile %s: %w", name, err)
	}
	p, extends, err := Parse(file(name), text)
	p.Name = name
	if err != nil || extends == "" {
		return p, err
	}
	above = append(above, name)
	next, err := resolve(extends, name)
	switch {
	case err != nil:
	case slices.Contains(above, next), len(above) == maxDepth:
		err = fmt.Errorf("it extends itself, by way of %s", strings.Join(append(above[1:], next), ", "))
	default:
		var base Profile
		if base, err = load(next, read, above); err == nil {
			return p.over(base), nil
		}
	}
	var deeper *extendsError
	if errors.As(err, &deeper) { // it names the line that matters
		return Profile{}, err
	}
	return Profile{}, &extendsError{file: file(name), line: extendsLine(text), cause: err}
}

// extendsError is a line that extends a profile that cannot be had.
type extendsError struct {
	file  string
	line  int
	cause error
}

func (e *extendsError) Error() string {
	return fmt.Sprintf("profile %s: line %d: %v", e.file, e.line, e.cause)
}

func (e *extendsError) Unwrap() error { return e.cause }

// over puts the rules and edits of a profile over those of the one that it extends.
func (p Profile) over(base Profile) Profile {
	for _, rule := range base.Rules {
		if !slices.ContainsFunc(p.Rules, func(own Rule) bool { return own.Name == rule.Name }) {
			p.Rules = append(p.Rules, rule)
		}
	}
	for _, made := range base.Edits {
		if !slices.ContainsFunc(p.Edits, func(own Edit) bool { return own.Name == made.Name }) {
			p.Edits = append(p.Edits, made)
		}
	}
	return p
}

// resolve gives the name by which read knows what a profile extends.
func resolve(extends, from string) (string, error) {
	switch {
	case !IsPath(extends):
		return extends, nil
	case !IsPath(from):
		return "", fmt.Errorf("a profile of the guest extends others by name, not by the path %q", extends)
	case path.IsAbs(extends):
		return path.Clean(extends), nil
	}
	return path.Join(path.Dir(from), extends), nil
}

// file is the path of the file that a profile is in, for messages.
func file(name string) string {
	if IsPath(name) {
		return name
	}
	return Dir + "/" + name + ".toml"
}

// extendsLine gives the number of the line that has the key extends, in a text
// that Parse accepts: keys of the whole document come before any other.
func extendsLine(text []byte) int {
	number := 0
	for line := range bytes.Lines(text) {
		number++
		if bytes.HasPrefix(bytes.TrimLeft(line, " \t\"'"), []byte("extends")) {
			break
		}
	}
	return number
}
