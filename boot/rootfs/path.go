package rootfs

import (
	"cmp"
	"path"
	"strings"
)

// split takes a path of the guest apart: the directory, relative to the guest's
// root, and the single name in it. The root itself is "." in ".". A path that is
// not absolute and clean gives ErrOutside.
func split(p string) (dir, name string, err error) {
	if !path.IsAbs(p) || path.Clean(p) != p || strings.IndexByte(p, 0) >= 0 {
		return "", "", ErrOutside
	}
	dir, name = path.Split(p)
	return cmp.Or(strings.Trim(dir, "/"), "."), cmp.Or(name, "."), nil
}

// single reports whether name stays in the directory it is looked up in.
func single(name string) bool {
	return name != "" && name != "." && name != ".." && !strings.ContainsAny(name, "/\x00")
}
