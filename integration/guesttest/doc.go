// Package guesttest gives tests real guests: Debian systems with sysvinit and
// insserv, built once per machine, copied in milliseconds and booted in LXC.
//
//	root := guesttest.Build(t, "bookworm")         // a fresh copy, gone after the test
//	guesttest.Run(t, root, "apt-get", "install", "apache2")
//	report := guesttest.Boot(t, root)
//
// A test that uses it is skipped, with the reason, where root, mmdebstrap, LXC
// or a package mirror is missing. Building takes half a minute for each release;
// what was built is kept below BOOTLEDGER_GUESTS, or the user's cache directory.
package guesttest
