// Package sample makes guests of releases that no mirror need be asked for:
// servers with Debian 5.0 and 6.0, one for each way in which they boot. The
// demo and the tests convert them; nothing in them can be run but scripts that
// say their own name.
//
// A release is one archive: its scripts with their LSB headers, its links and
// its packages, as they are known of real machines of that release. What tells
// the guests of one release apart is said in code.
//
// Upgrade does to a guest what apt-get dist-upgrade does to it: packages call
// update-rc.d again, and scripts that were taken out of the boot come back.
package sample
