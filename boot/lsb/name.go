package lsb

import "strings"

// NameRules says which file names insserv leaves alone in init.d and
// insserv.conf.d. Releases differ in the fields; the zero value is insserv 1.14
// without file-filters.
type NameRules struct {
	CorePrefix bool     // every name that starts with "core" is skipped, not "core" alone
	Dpkg       string   // extensions that start so belong to dpkg: "dpk" or "dpkg"
	Ucf        bool     // extensions that start with "ucf" are skipped
	Filters    []string // further extensions, from /etc/insserv/file-filters
}

// ParseFileFilters reads /etc/insserv/file-filters: an extension a line.
func ParseFileFilters(text []byte) []string {
	var filters []string
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSuffix(line, "\n"); line != "" {
			filters = append(filters, line)
		}
	}
	return filters
}

// ignoredExtensions are skipped when the whole extension is equal.
var ignoredExtensions = []string{"old", "new", "org", "orig", "save", "swp", "core"}

// Ignored reports whether insserv skips a file of init.d because of its name,
// whatever it is and holds.
func (r NameRules) Ignored(name string) bool {
	for _, prefix := range []string{"README", "Makefile", "skeleton", "powerfail"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	switch name {
	case "", "core", "rx", "rc", "rcS":
		return true
	}
	return r.CorePrefix && strings.HasPrefix(name, "core") ||
		strings.IndexByte("$.#%_+-\\*[]^:()~", name[0]) >= 0 ||
		strings.HasSuffix(name, "~") ||
		r.IgnoredExtension(name)
}

// IgnoredExtension reports whether insserv takes a name for a backup or for a
// leftover of a package manager.
func (r NameRules) IgnoredExtension(name string) bool {
	if strings.HasSuffix(name, ",v") {
		return true
	}
	dot := strings.LastIndexByte(name, '.')
	if dot < 0 {
		return false
	}
	extension := name[dot+1:]
	dpkg := r.Dpkg
	if dpkg == "" {
		dpkg = "dpk"
	}
	for _, prefix := range []string{"rpm", "ba", dpkg} {
		if strings.HasPrefix(extension, prefix) {
			return true
		}
	}
	if r.Ucf && strings.HasPrefix(extension, "ucf") {
		return true
	}
	for _, equal := range ignoredExtensions {
		if extension == equal {
			return true
		}
	}
	for _, equal := range r.Filters {
		if extension == equal {
			return true
		}
	}
	return false
}
