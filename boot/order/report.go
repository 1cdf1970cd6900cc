package order

import "github.com/bootledger/bootledger/boot/lsb"

// Report is what a run knows about scripts and their dependencies.
type Report struct {
	Services   []Service
	Loops      []Loop
	Missing    []Missing
	Duplicates []Duplicate
	NoHeader   []string // scripts without a complete header in force
}

// Service is a script that insserv knows, enabled or not.
type Service struct {
	Script   string
	Provides []string
	Enabled  bool // has at least one link afterwards
	// Header is the one in force, From its place.
	Header lsb.Header
	From   lsb.Source
	// StartLevels and StopLevels are the runlevels that insserv counts the
	// script to, from its links or else its header, S first.
	StartLevels, StopLevels []lsb.Runlevel
	// Start and Stop are its sequences; 0 when it has no such runlevel.
	Start, Stop int
	Interactive bool
	// After are the edges to what must have started before this script,
	// Before those to what must stop after it has stopped.
	StartAfter, StopAfter []Dependency
}

// Dependency is an edge to another script.
type Dependency struct {
	Script   string  // empty when nobody provides Name
	Name     string  // as written, or the member of a facility
	Facility string  // the facility that was written, with its "$"; else empty
	Key      lsb.Key // the header's line
	Owner    string  // the script whose header it is: X-Start-Before stands in the other one
	Required bool
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
