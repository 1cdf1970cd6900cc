// Package profile keeps verdicts on init scripts: which of them a guest is
// better off without, why, and who says so. The built-in profile is "lxc".
package profile

import "slices"

// Verdict is what a profile says of a script.
type Verdict string

// The verdicts, from "must go" to "stays".
const (
	Required Verdict = "required" // must be disabled
	Advised  Verdict = "advised"  // disabling it means fewer errors and a faster boot
	Keep     Verdict = "keep"
)

// Level says how far a conversion goes.
type Level string

// The levels of a conversion; the second includes the first.
const (
	LevelRequired Level = "required"
	LevelAdvised  Level = "advised"
)

// Includes reports whether a conversion at this level disables scripts with the
// verdict.
func (l Level) Includes(v Verdict) bool {
	return v == Required || v == Advised && l == LevelAdvised
}

// Profile is a list of rules.
type Profile struct {
	Name  string
	Rules []Rule
	Edits []Edit
}

// Edit is the verdict on one kind of edit of a text file: required and advised
// have it made, keep leaves the file alone.
type Edit struct {
	Name    string // one of edit.Names
	Verdict Verdict
	Reason  string
	Sources []string
	TTYs    int // of inittab-gettys: how many virtual terminals the container has
}

// Rule is the verdict on one script.
type Rule struct {
	Name     string
	Aliases  []string // other names of the script, in other releases or texts
	Verdict  Verdict
	Reason   string
	Sources  []string // who says so, or where it was seen
	Releases []string // code names of the releases that have the script, for the reader
	When     []When
}

// When is another verdict on the same script in some releases.
type When struct {
	Releases []string
	Verdict  Verdict
	Reason   string
}

// Match finds the rule for a script: by its name, else by an alias, else by
// what its header provides. The rule is as it reads for the release, a code
// name.
func (p Profile) Match(name string, provides []string, release string) (Rule, bool) {
	for _, matches := range []func(Rule) bool{
		func(r Rule) bool { return r.Name == name },
		func(r Rule) bool { return slices.Contains(r.Aliases, name) },
		func(r Rule) bool { return slices.Contains(provides, r.Name) },
	} {
		if i := slices.IndexFunc(p.Rules, matches); i >= 0 {
			return p.Rules[i].in(release), true
		}
	}
	return Rule{}, false
}

// in gives the rule as it reads for a release.
func (r Rule) in(release string) Rule {
	for _, when := range r.When {
		if slices.Contains(when.Releases, release) {
			r.Verdict, r.Reason = when.Verdict, when.Reason
		}
	}
	return r
}
