package rootfs

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Quote makes a name that the guest chose fit for terminals and logs: as it is
// when it is printable UTF-8 without spaces, else quoted as in Go. Two different
// names never look the same.
func Quote(name string) string {
	plain := name != "" && name[0] != '"' && utf8.ValidString(name) &&
		!strings.ContainsFunc(name, func(r rune) bool { return r == ' ' || !strconv.IsPrint(r) })
	if plain {
		return name
	}
	return strconv.Quote(name)
}
