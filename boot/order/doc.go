// Package order computes what insserv would write: the links in the runlevel
// directories and the files .depend.boot, .depend.start and .depend.stop, byte
// for byte, for the insserv of each Debian release.
//
// Run is a pure function. Its Input is what insserv reads of a guest, with the
// names of each directory in the order in which the directory lists them:
// insserv's results depend on that order. Rules hold what differs between
// releases.
//
// The algorithm is insserv's own, in its order of steps, and where insserv
// drops a dependency, stops early or counts something twice, so does this
// package: an exact prediction is worth more here than a better order. The
// rules come from insserv(8), LSB 3.1 chapter 20, Debian Policy 9.3, and from
// watching the binaries of 1.12 to 1.26.
//
// Files, in the order of a run: input.go, scan.go (links), initd.go (scripts),
// graph.go (services and edges), special.go ($all and scripts without header),
// sequence.go (numbers), loops.go, check.go (refusals), link.go, depend.go,
// report.go.
package order
