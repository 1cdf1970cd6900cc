// Package lsb knows the text formats of a System V boot on Debian: names of
// scripts, runlevels, link names, LSB headers and their overrides, facilities,
// and the .depend files of insserv.
//
// Everything here is a pure function of its arguments: no file is read, no
// clock, no environment. Rules come from LSB 3.1 chapter 20, Debian Policy 9.3
// and insserv(8).
package lsb
