// Command sample makes a sample guest and upgrades it:
//
//	sample unpack NAME DIR
//	sample upgrade DIR
package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/bootledger/bootledger/integration/sample"
)

func main() { os.Exit(run(os.Args[1:], os.Stderr)) }

// run gives the exit code: 0, 1 when it failed, 2 when args are off.
func run(args []string, stderr io.Writer) int {
	var err error
	switch {
	case len(args) == 3 && args[0] == "unpack":
		err = sample.Unpack(args[2], args[1])
	case len(args) == 2 && args[0] == "upgrade":
		err = sample.Upgrade(args[1])
	default:
		fmt.Fprintf(stderr, "usage: sample unpack NAME DIR\n       sample upgrade DIR\nNAME is one of %s\n", strings.Join(sample.Names(), ", "))
		return 2
	}
	if err != nil {
		fmt.Fprintf(stderr, "sample: %v\n", err)
		return 1
	}
	return 0
}
