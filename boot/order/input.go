package order

import "github.com/bootledger/bootledger/boot/lsb"

// Script is an entry of /etc/init.d as insserv finds it.
type Script struct {
	Name    string
	Symlink bool
	Target  string // of a symlink, as it is written
	// Regular and Executable (by its owner) describe the file itself or, for a
	// symlink, the file it ends at; both false when it is dangling.
	Regular    bool
	Executable bool
	Text       []byte // through the symlink
	// Real is the base name of the file that a symlink ends at: overrides are
	// looked up by it. Empty means Name.
	Real string
}

func (s *Script) dangling() bool { return s.Symlink && !s.Regular }

// LinkEntry is an entry of a runlevel directory as insserv finds it.
type LinkEntry struct {
	Base    string
	Symlink bool
	Target  string // as it is written
	// Dangling says that there is nothing where the link leads to.
	Dangling bool
	// Text and Real are those of the file the link ends at, as in Script; they
	// may be left out (nil, "") when that is a Script of the same Input under
	// the base name of Target.
	Text []byte
	Real string
}

// Input is what insserv reads of a guest.
type Input struct {
	// Scripts of /etc/init.d in directory order.
	Scripts []Script
	// Links by runlevel, each in directory order. A runlevel that is not in
	// the map has no directory; insserv creates it.
	Links map[lsb.Runlevel][]LinkEntry
	// Conf is /etc/insserv.conf, ConfDir holds the regular files of
	// /etc/insserv.conf.d in any order.
	Conf    []byte
	ConfDir []lsb.File
	// VendorOverrides are the regular files of /usr/share/insserv/overrides,
	// LocalOverrides those of /etc/insserv/overrides, by base name.
	VendorOverrides map[string][]byte
	LocalOverrides  map[string][]byte
	// FileFilters is /etc/insserv/file-filters.
	FileFilters []byte
	// Headers are those of texts above that were read before; Run adds to them.
	// nil is fine.
	Headers lsb.Headers
}

// Result is what insserv does to a guest.
type Result struct {
	// ExitCode is 0, or 1 when insserv refuses. Even then the runlevel
	// directories exist afterwards and dangling links are gone, unless it was
	// a dry run.
	ExitCode int
	// Messages are insserv's own lines, without its name in front.
	Messages []string
	// Links are the base names that each runlevel directory holds afterwards:
	// those that stay in directory order, then the new ones.
	Links map[lsb.Runlevel][]string
	// Removed and Added tell how Links came to be, in the order of the steps.
	// Each added link leads to ../init.d/ and its Link's name.
	Removed, Added []lsb.Link
	// Depend are the files written to /etc/init.d, by name; nil when none is.
	Depend map[string][]byte
	// Report is what the run found out about the scripts.
	Report Report
}
