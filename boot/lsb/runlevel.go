package lsb

import "strings"

// Runlevel is one runlevel of a System V boot: 'S' for the boot itself (rcS.d)
// or '0' to '6'.
type Runlevel byte

// AllRunlevels lists every runlevel in the order in which bootledger shows
// them: S first, then 0 to 6.
var AllRunlevels = []Runlevel{'S', '0', '1', '2', '3', '4', '5', '6'}

// String gives the single letter or digit.
func (r Runlevel) String() string { return string(rune(r)) }

// Dir is the name of the runlevel's directory below /etc, as in "rc2.d".
func (r Runlevel) Dir() string { return "rc" + r.String() + ".d" }

// ParseRunlevel reads one letter or digit; "s" counts as "S".
func ParseRunlevel(s string) (Runlevel, bool) {
	if s == "s" {
		s = "S"
	}
	if len(s) != 1 || !strings.Contains("S0123456", s) {
		return 0, false
	}
	return Runlevel(s[0]), true
}

// RunlevelOfDir reads the name of a runlevel directory, as in "rcS.d".
func RunlevelOfDir(name string) (Runlevel, bool) {
	level, isRC := strings.CutPrefix(name, "rc")
	level, isDir := strings.CutSuffix(level, ".d")
	if !isRC || !isDir || level == "s" {
		return 0, false
	}
	return ParseRunlevel(level)
}
