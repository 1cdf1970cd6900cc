// Command bootledger records every change to the boot of a Debian guest as a
// transaction that can be read, compared, taken back and made again.
package main

import "os"

func main() {
	os.Exit(run(os.Args[1:], streams{in: os.Stdin, out: os.Stdout, err: os.Stderr}))
}
