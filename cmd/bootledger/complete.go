package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/bootledger/bootledger/boot/lsb"
	"github.com/bootledger/bootledger/snapshot"
)

// The scripts hand every word so far to the hidden verb __complete and offer
// what it prints: all knowledge of words is in the program itself.
var shellScripts = map[string]string{
	"bash": `_bootledger() {
	local IFS=$'\n'
	COMPREPLY=($("${COMP_WORDS[0]}" __complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
	[[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace
}
complete -o default -F _bootledger bootledger
`,
	"zsh": `#compdef bootledger
_bootledger() {
	local -a found
	found=("${(@f)$("${words[1]}" __complete -- "${(@)words[2,$CURRENT]}" 2>/dev/null)}")
	(( ${#found} )) && compadd -Q -- "${found[@]}" || _default
}
compdef _bootledger bootledger
`,
	"fish": `complete -c bootledger -f -a '(bootledger __complete -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'
`,
}

type completionVerb struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Help is the long text.
func (v *completionVerb) Help() string {
	return `  bash: bootledger completion bash > /usr/share/bash-completion/completions/bootledger
  zsh:  bootledger completion zsh > "${fpath[1]}/_bootledger"
  fish: bootledger completion fish > ~/.config/fish/completions/bootledger.fish`
}

// Run prints the script of a shell.
func (v *completionVerb) Run(c *call) error {
	_, err := fmt.Fprint(c.streams.out, shellScripts[v.Shell])
	return err
}

type completeVerb struct {
	Words []string `arg:"" optional:"" passthrough:""`
}

// Run prints the words that may stand in the place of the last one.
func (v *completeVerb) Run(c *call, parser *kong.Kong) error {
	application := parser.Model
	words := v.Words
	if len(words) > 0 && words[0] == "--" {
		words = words[1:]
	}
	if len(words) == 0 {
		words = []string{""}
	}
	done, last := words[:len(words)-1], words[len(words)-1]
	node, flags, given := application.Node, slices.Clone(application.Flags), 0
	var pending *kong.Flag // an option whose value is the next word
	for _, word := range done {
		name, value, hasValue := strings.Cut(word, "=")
		flag := flagOf(flags, name)
		switch {
		case pending != nil:
			c.take(pending, word)
			pending = nil
		case flag != nil && hasValue:
			c.take(flag, value)
		case flag != nil && !flag.IsBool():
			pending = flag
		case flag != nil || strings.HasPrefix(word, "-"):
		default:
			if child := childOf(node, word); child != nil {
				node, flags = child, append(flags, child.Flags...)
			} else {
				given++
			}
		}
	}
	for _, candidate := range c.candidates(node, flags, pending, given, last) {
		if strings.HasPrefix(candidate, last) {
			if _, err := fmt.Fprintln(c.streams.out, candidate); err != nil {
				return err
			}
		}
	}
	return nil
}

// take keeps the value of an option that says which guest is meant.
func (c *call) take(flag *kong.Flag, value string) {
	switch flag.Name {
	case "root":
		c.Root = value
	case "state":
		c.State = value
	}
}

func (c *call) candidates(node *kong.Node, flags []*kong.Flag, pending *kong.Flag, given int, last string) []string {
	var found []string
	name, _, hasValue := strings.Cut(last, "=")
	switch flag := flagOf(flags, name); {
	case pending != nil:
		return c.values(pending.Value)
	case flag != nil && hasValue:
		for _, value := range c.values(flag.Value) {
			found = append(found, name+"="+value)
		}
	case strings.HasPrefix(last, "-"):
		for _, flag := range flags {
			word := "--" + flag.Name
			if !flag.IsBool() {
				word += "="
			}
			found = append(found, word)
		}
	default:
		for _, child := range node.Children {
			if !child.Hidden {
				found = append(found, child.Name)
			}
		}
		if len(node.Positional) > 0 {
			found = append(found, c.values(node.Positional[min(given, len(node.Positional)-1)])...)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// values lists what an option or argument may be.
func (c *call) values(value *kong.Value) []string {
	if value.Enum != "" {
		return strings.Split(value.Enum, ",")
	}
	var words []string
	switch value.Tag.Get("complete") {
	case "profile":
		return c.profiles()
	case "runlevel":
		for _, level := range lsb.AllRunlevels {
			words = append(words, level.String())
		}
		return words
	}
	err := c.with(looking, func(s *snapshot.Session) error {
		switch value.Tag.Get("complete") {
		case "script":
			scripts, err := s.Scripts(nil)
			for _, script := range scripts {
				words = append(words, script.Name)
			}
			return err
		case "transaction":
			log, err := s.Log(snapshot.LogFilter{})
			for _, l := range log {
				words = append(words, strconv.FormatUint(l.ID, 10))
			}
			words = append(words, "last")
			return err
		}
		return nil
	})
	if err != nil { // no guest there, nothing to offer
		return nil
	}
	return words
}

func flagOf(flags []*kong.Flag, word string) *kong.Flag {
	for _, flag := range flags {
		if word == "--"+flag.Name || flag.Short != 0 && word == "-"+string(flag.Short) {
			return flag
		}
	}
	return nil
}

func childOf(node *kong.Node, word string) *kong.Node {
	for _, child := range node.Children {
		if word == child.Name || slices.Contains(child.Aliases, word) {
			return child
		}
	}
	return nil
}
