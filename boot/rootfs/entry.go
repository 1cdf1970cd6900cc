package rootfs

import "time"

// Type says what kind of thing a path holds.
type Type string

// The types that bootledger tells apart. Sockets, FIFOs and devices are Other:
// they are named, never opened.
const (
	File    Type = "file"
	Symlink Type = "symlink"
	Dir     Type = "dir"
	Other   Type = "other"
)

// Entry says what one path of a guest holds.
type Entry struct {
	Type   Type
	Mode   uint32 // permission, set-id and sticky bits: at most 07777
	UID    int    // as the guest sees it: 0 is the guest's root
	GID    int
	MTime  time.Time
	Target string // of a symlink
	Size   int64  // of a file, in bytes
	SHA256 string // of a file whose content was read, in hex; else empty
}

// Same reports whether two entries hold the same thing. Times do not count, nor
// does the mode of a symlink.
func (e Entry) Same(o Entry) bool {
	return e.Type == o.Type && e.UID == o.UID && e.GID == o.GID && e.Target == o.Target && e.SHA256 == o.SHA256 &&
		(e.Type == Symlink || e.Mode == o.Mode)
}
