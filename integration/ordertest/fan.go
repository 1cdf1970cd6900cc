package ordertest

import "fmt"

// Fan makes a tree of n scripts without surprises, all enabled in runlevel 2:
// each waits for one or two that come before it.
func Fan(n int) Tree {
	var t Tree
	for i := range n {
		name := fmt.Sprintf("s%d", i)
		requires := ""
		if i > 0 {
			requires = fmt.Sprintf("s%d s%d", i/2, i/3)
		}
		t.Scripts = append(t.Scripts, Script{Name: name, Text: fmt.Sprintf(
			"#!/bin/sh\n### BEGIN INIT INFO\n# Provides: %s\n# Required-Start: %s\n# Required-Stop: %s\n# Default-Start: 2 3 4 5\n# Default-Stop: 0 1 6\n### END INIT INFO\n",
			name, requires, requires,
		)})
		t.Links = append(t.Links, Link{Dir: "rc2.d", Base: "S01" + name, Target: "../init.d/" + name})
	}
	return t
}
