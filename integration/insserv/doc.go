// Package insserv runs a guest's own insserv(8) on a scratch copy of its boot
// configuration, for guests whose insserv is to have the last word.
//
// # Where it runs
//
// The scratch copy is a root directory of its own that holds the tree at its
// true paths, the program, its loader and its libraries, and nothing else: no
// other file of the guest or of the host is there to be read or written. True
// paths make the outcome exact. Several files have no option to look for them
// elsewhere (insserv 1.20 on, /etc/insserv/file-filters), and those options that
// exist are not the same in every release.
//
// The scratch copy is a tmpfs that is mounted nowhere: nobody else can see it, it
// is gone with the process, and it cannot grow above its size. Before Linux 5.2,
// and where CAP_SYS_ADMIN is missing, it is a directory among the temporary files,
// removed at the end.
//
// # Order of directories
//
// Where insserv has a choice, it follows the order in which directories list
// their names. The tmpfs lists them in the order of boot.Tree.Names, which is that
// of the guest's own directories. A temporary directory on a disk has an order
// of its own; then scripts that may stand either way can change places on the lines
// of .depend.*, and with loops in their numbers.
//
// # What the program may do
//
// It is the guest's, so it is taken for hostile: it belongs to the guest's root,
// is an ELF program and no script, and runs as a user without a name, without
// capabilities and without a way to regain them; in pid, network, ipc and uts
// namespaces of its own; without children, terminal or input; within limits of
// time, memory and output. Of what it leaves behind, links named and
// pointing as insserv's do and the three .depend files are taken over. If it
// changed anything else, that is an error.
//
// A guest that is the system we run in may forbid namespaces, as some LXC
// containers do. There the program runs without them: it belongs to the root that
// called us, and is still confined to the scratch copy.
package insserv
