// Command bootledger records every change to the boot of a Debian guest as a
// transaction that can be read, compared, taken back and made again.
package main

import (
	"os"
	"runtime/debug"

	"github.com/bootledger/bootledger/boot/profile"
)

func main() {
	debug.SetGCPercent(400) // a call of milliseconds gains nothing from collecting early
	go profile.LXC()        // nearly every verb wants it: it is read while the call's words are
	os.Exit(run(os.Args[1:], streams{in: os.Stdin, out: os.Stdout, err: os.Stderr}))
}
