package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/bootledger/bootledger/boot/near"
	"github.com/bootledger/bootledger/boot/profile"
	"github.com/bootledger/bootledger/boot/rootfs"
	"github.com/bootledger/bootledger/snapshot"
)

// maxProfiles bounds how many profiles of a guest are looked at.
const maxProfiles = 1000

// loadProfile reads a profile by the name or path that a user gave, or that a
// conversion recorded.
func (c *call) loadProfile(name string) (profile.Profile, error) {
	if name == "" || strings.ContainsRune(name, 0) {
		return profile.Profile{}, usageError(fmt.Errorf("--profile=%s: no name of a profile", rootfs.Quote(name)))
	}
	if profile.IsPath(name) { // recorded, it has to lead to the same file from elsewhere
		absolute, err := filepath.Abs(name)
		if err != nil {
			return profile.Profile{}, err
		}
		name = absolute
	}
	p, err := profile.Load(name, c.readProfile)
	if err != nil {
		known := c.profiles()
		hint := "profiles here: " + strings.Join(known, ", ")
		if meant := near.Names(name, known, 3); len(meant) > 0 {
			hint = "near misses: " + strings.Join(meant, ", ")
		}
		return p, &snapshot.Error{Kind: snapshot.Explain(err).Kind, Message: err.Error(), Hint: hint}
	}
	return p, nil
}

// readProfile gives the text of a profile: a file of this side, or one of the
// guest's.
func (c *call) readProfile(name string) ([]byte, error) {
	dir, file := c.Root, profile.Dir+"/"+name+".toml"
	if profile.IsPath(name) {
		dir, file = "/", name
	}
	root, err := rootfs.Open(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close() //nolint:errcheck // it was only read from
	_, text, err := root.ReadThrough(file, profile.MaxSize)
	return text, err
}

// profiles lists the names of the profiles that need no path.
func (c *call) profiles() []string {
	names := []string{profile.LXC().Name}
	root, err := rootfs.Open(c.Root)
	if err != nil { // no guest there, so none of its own
		return names
	}
	defer root.Close() //nolint:errcheck // it was only read from
	files, err := root.ReadDir(profile.Dir, maxProfiles)
	if err != nil {
		return names
	}
	for _, file := range files {
		if name, found := strings.CutSuffix(file, ".toml"); found {
			names = append(names, name)
		}
	}
	return names
}
