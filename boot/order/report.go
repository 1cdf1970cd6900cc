package order

import "github.com/bootledger/bootledger/boot/lsb"

// Report is what a run knows about scripts and their dependencies.
type Report struct {
	Loops      []Loop
	Missing    []Missing
	Duplicates []Duplicate
}

// Loop is a circle of dependencies that insserv ran into.
type Loop struct {
	Stop     bool // in the stop order, else in the start order
	Services []string
}

// Missing is a required service that insserv misses.
type Missing struct {
	Script  string // that requires it
	Service string
	// Exists tells whether some script provides it and is just not enabled.
	Exists bool
	// Levels are the runlevels of Script in which Service is not started, when
	// it is enabled in others.
	Levels []lsb.Runlevel
}

// Duplicate is a name that two scripts provide.
type Duplicate struct {
	Service string
	Scripts [2]string // the one that counts, then the one that does not
}
