// Package rootfs is the only door to a guest's files. A guest is given by its
// root directory; every path is absolute inside it, clean, and means there what
// it means in the guest.
//
// # What a guest may do meanwhile
//
// Nothing below the root directory is trusted: not names, types, owners, sizes,
// contents or targets of symlinks; and each may change at any instant, for the
// guest may be running, with its root against us. Trusted are the host, the path
// to the guest's root directory, and the kernel.
//
// # What is promised
//
// No access leaves the guest. A directory is found with openat2(2), or name by
// name where there is none; symlinks on the way are followed as inside the guest
// for reading, and refused with [ErrOutside] for writing. From then on every
// system call takes the directory's handle and a single name that is not
// followed. Moving directories about, or exchanging them with symlinks, changes
// nothing of this.
//
// No access waits for the guest. Only regular files are opened, without
// blocking, and what was opened is checked; FIFOs, devices and sockets give
// [ErrNotRegular]. [Root.Lock] waits as long as it is told.
//
// What is read is bounded by the caller, what is written by 16 MiB.
//
// No content is written in place, so that a hard link to a changed file keeps
// what it had. A change is atomic: it takes effect under its name in one step, and
// [Root.Replace] undoes that step when it displaced anything but what it was told
// to. No edit that somebody else makes meanwhile is lost, be it by a rename, a
// removal, or through a file that he holds open.
//
// What is created has no set-id or sticky bit, is no device, and belongs to ids of
// the guest: its root is who owns its root directory, 100000 on the host for many
// an unprivileged guest. Directories in which others than the guest's root may
// write are refused for writing (fs.ErrPermission), as their owners could put
// things in the place of our temporary names.
//
// What [Root.Sync] returned for is durable. Errors name the path as the guest
// sees it, quoted by [Quote].
//
// # What is not promised
//
// The guest's root can undo, delay or make fail whatever is done to the guest. A
// directory that it moves while we work in it is changed where it is then, within
// its file system. A mount is entered: of file systems of the guest's own making
// (FUSE) an access may take as long as they like, and on those without
// RENAME_EXCHANGE, or without leases, a change by somebody else can be lost in
// the instant between a look and a rename. Extended attributes and access control
// lists are neither kept nor restored. A ledger, and what else is opened through
// [DirHandle], is written in place.
package rootfs
