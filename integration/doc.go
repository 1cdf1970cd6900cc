// Package integration holds the tests that look at the program as a whole:
// which package may import which, and which modules are linked. The packages
// below it are what surrounds a guest: LXC, the real insserv, dpkg and apt.
package integration
