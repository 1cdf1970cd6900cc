package state

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// normal returns a copy of t in the form that is stored: lists that are not null,
// times in UTC, t's own without what is below a microsecond. The copy shares
// nothing with t that it changes.
func normal(t Transaction) Transaction {
	t.Time = t.Time.UTC().Truncate(time.Microsecond)
	t.Actor.Argv = list(t.Actor.Argv)
	t.Scripts = list(t.Scripts)
	t.Operations = list(t.Operations)
	t.Warnings = list(t.Warnings)
	t.Packages = list(t.Packages)
	t.Changes = list(t.Changes)
	for i := range t.Changes {
		c := &t.Changes[i]
		c.Before, c.After = normalEntry(c.Before), normalEntry(c.After)
	}
	t.Decisions = list(t.Decisions)
	for i := range t.Decisions {
		d := &t.Decisions[i]
		d.Before, d.After = normalIntent(d.Before), normalIntent(d.After)
	}
	return t
}

// list returns a copy of s that is never nil.
func list[T any](s []T) []T {
	return append(make([]T, 0, len(s)), s...)
}

func normalEntry(e *Entry) *Entry {
	if e == nil {
		return nil
	}
	c := *e
	c.MTime = c.MTime.UTC()
	return &c
}

func normalIntent(i *Intent) *Intent {
	if i == nil {
		return nil
	}
	c := *i
	c.Links = list(c.Links)
	return &c
}

// stamp gives the decisions of t that name no transaction t's own id.
func stamp(t *Transaction) {
	for _, d := range t.Decisions {
		if d.After != nil && d.After.Transaction == 0 {
			d.After.Transaction = t.ID
		}
	}
}

// check refuses what JSON or bbolt would not give back as it is: a name that is not
// UTF-8 would come back as another. Texts may lose such bytes.
func check(t Transaction) error {
	scripts := slices.Clone(t.Scripts)
	var names []string
	for _, o := range t.Operations {
		names = append(names, o.Path, o.To, o.Script)
	}
	for _, c := range t.Changes {
		names = append(names, c.Path)
		for _, e := range []*Entry{c.Before, c.After} {
			if e != nil {
				names = append(names, e.Target)
			}
		}
	}
	for _, d := range t.Decisions {
		scripts = append(scripts, d.Script)
		for _, i := range []*Intent{d.Before, d.After} {
			if i == nil {
				continue
			}
			if i.Script != d.Script {
				return fmt.Errorf("decision on %q holds an intent for %q", d.Script, i.Script)
			}
			names = append(names, i.Links...)
		}
	}
	for _, p := range t.Packages {
		names = append(names, p.Name)
	}
	for _, script := range scripts {
		if script == "" || len(script) > maxName || strings.Contains(script, "\x00") {
			return fmt.Errorf("%q is no script", script)
		}
	}
	return checkNames(append(names, scripts...)...)
}

// maxName is the longest script name in bytes: NAME_MAX.
const maxName = 255

func checkNames(names ...string) error {
	for _, name := range names {
		if !utf8.ValidString(name) {
			return fmt.Errorf("%q is not UTF-8, which the ledger cannot hold", name)
		}
	}
	return nil
}
