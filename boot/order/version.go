package order

import "strings"

// Rules are the differences between releases of insserv, each as a field; the
// zero value is no release.
type Rules struct {
	Version string // the upstream version they were learnt from

	// HeaderDefaults gives a script without header the dependencies
	// "$remote_fs $syslog" and the runlevels 2 3 4 5 and 0 1 6, and keeps its
	// place among the scripts that have one.
	HeaderDefaults bool
	// ScriptFirst lets a script's own header come before the vendor's
	// override, and has the local override read last.
	ScriptFirst bool
	// OpenRC gives scripts of /sbin/openrc-run the defaults of HeaderDefaults.
	OpenRC bool
	// ExactInteractive knows X-Interactive under no other prefix.
	ExactInteractive bool

	// AllAfterwards puts scripts that require $all after the others when these
	// have their numbers, instead of by edges.
	AllAfterwards bool
	// AllLoops follows dependencies on a script that requires $all, where
	// others warn and skip them.
	AllLoops bool
	// NullToken knows $null.
	NullToken bool
	// NestedInPlace expands a facility among a facility's members in its
	// place, not at the end.
	NestedInPlace bool
	// ForceLevels lets -f replace the runlevels of NAME,start=… arguments.
	ForceLevels bool

	// MinimalRules sorts the dependencies of the .depend files, leaves
	// redundant ones out and resolves second names.
	MinimalRules bool

	// CheckAll refuses when any enabled script misses a required one, or has
	// it in too few runlevels, not only those named.
	CheckAll bool
	// CheckAtOnce stops at the first refusal.
	CheckAtOnce bool
	// AloneNotFirst reads the scripts named ahead of the others only when there
	// are several.
	AloneNotFirst bool
	// ForceTells prints what would be refused even with -f.
	ForceTells bool
	// LowerRef counts a link that does not belong as gone with -r -f, even
	// when it stays.
	LowerRef bool

	// WarnUnknown and WarnUnknownShould warn of facilities that nobody
	// defines, in required and in other lists; WarnOverlap of a runlevel in
	// both Default-Start and Default-Stop.
	WarnUnknown, WarnUnknownShould, WarnOverlap bool

	CorePrefix  bool   // see lsb.NameRules
	Dpkg        string // see lsb.NameRules
	Ucf         bool   // see lsb.NameRules
	FileFilters bool   // /etc/insserv/file-filters is read
	Show        bool   // the option -s is known
	Recursive   bool   // the option -e is known
}

// RulesFor finds the rules for a Debian version of insserv such as
// "1.14.0-5": those of the newest release known that is not newer. Versions
// older than 1.12 get the rules of 1.12. The second result is false when the
// version cannot be read.
func RulesFor(version string) (Rules, bool) {
	if version == "" || version[0] < '0' || version[0] > '9' {
		return Rules{}, false
	}
	rules := releases[0]
	for _, r := range releases {
		if compareVersions(r.Version, version) <= 0 {
			rules = r
		}
	}
	return rules, true
}

// releases are in order of their versions.
var releases = makeReleases()

func makeReleases() []Rules {
	r112 := Rules{
		Version: "1.12.0", HeaderDefaults: true, ScriptFirst: true, ExactInteractive: true,
		AllAfterwards: true, NestedInPlace: true, CheckAtOnce: true, AloneNotFirst: true,
		LowerRef: true, CorePrefix: true, Dpkg: "dpk",
	}
	r114 := r112
	r114.Version = "1.14.0"
	r114.ExactInteractive, r114.AllAfterwards = false, false
	r114.NullToken, r114.ForceLevels = true, true

	r1145 := r114
	r1145.Version = "1.14.0-5"
	r1145.CorePrefix, r1145.Show = false, true

	r118 := Rules{
		Version: "1.18.0", NullToken: true, ForceLevels: true, MinimalRules: true,
		CheckAll: true, ForceTells: true, Dpkg: "dpk", Show: true, Recursive: true,
	}
	r120 := r118
	r120.Version = "1.20.0"
	r120.WarnUnknown, r120.WarnOverlap, r120.FileFilters = true, true, true

	r124 := r120
	r124.Version = "1.22.0"
	r124.OpenRC, r124.Ucf, r124.Dpkg = true, true, "dpkg"

	r126 := r124
	r126.Version = "1.25.0"
	r126.AllLoops, r126.WarnUnknownShould, r126.ForceTells = true, true, false

	return []Rules{r112, r114, r1145, r118, r120, r124, r126}
}

// compareVersions orders Debian versions (deb-version(7)).
func compareVersions(a, b string) int {
	aEpoch, a := splitEpoch(a)
	bEpoch, b := splitEpoch(b)
	if c := comparePart(aEpoch, bEpoch); c != 0 {
		return c
	}
	aUpstream, aRevision := splitRevision(a)
	bUpstream, bRevision := splitRevision(b)
	if c := comparePart(aUpstream, bUpstream); c != 0 {
		return c
	}
	return comparePart(aRevision, bRevision)
}

func splitEpoch(v string) (epoch, rest string) {
	if epoch, rest, ok := strings.Cut(v, ":"); ok {
		return epoch, rest
	}
	return "", v
}

func splitRevision(v string) (upstream, revision string) {
	if i := strings.LastIndexByte(v, '-'); i >= 0 {
		return v[:i], v[i+1:]
	}
	return v, ""
}

// comparePart compares runs of other bytes and of digits in turn.
func comparePart(a, b string) int {
	for a != "" || b != "" {
		for a != "" && !isDigit(a[0]) || b != "" && !isDigit(b[0]) {
			if d := weight(a) - weight(b); d != 0 {
				return sign(d)
			}
			a, b = a[1:], b[1:]
		}
		aNumber, aRest := digits(a)
		bNumber, bRest := digits(b)
		if d := len(aNumber) - len(bNumber); d != 0 {
			return sign(d)
		}
		if c := strings.Compare(aNumber, bNumber); c != 0 {
			return c
		}
		a, b = aRest, bRest
	}
	return 0
}

// weight orders a byte that is no digit: "~" before the end, letters before
// the rest.
func weight(s string) int {
	switch {
	case s == "" || isDigit(s[0]):
		return 0
	case s[0] == '~':
		return -1
	case 'a' <= s[0]|0x20 && s[0]|0x20 <= 'z':
		return int(s[0])
	}
	return int(s[0]) + 256
}

// digits cuts the number at the start of s off, without its leading zeros.
func digits(s string) (number, rest string) {
	n := 0
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	return strings.TrimLeft(s[:n], "0"), s[n:]
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func sign(d int) int {
	if d < 0 {
		return -1
	}
	return 1
}
