package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/bootledger/bootledger/boot/profile"
	"github.com/bootledger/bootledger/boot/rootfs"
	"github.com/bootledger/bootledger/cmd/bootledger/internal/render"
	"github.com/bootledger/bootledger/snapshot"
	"github.com/bootledger/bootledger/state"
)

// call is one run of the program: its options and streams.
type call struct {
	Global
	streams streams
	ctx     context.Context
}

// access says what a verb does to the guest.
type access int

const (
	looking  access = iota // reads
	trying                 // plans a change and does not make it
	changing               // changes
)

// open wires a session together; done closes it.
func (c *call) open(a access, p profile.Profile) (s *snapshot.Session, done func() error, err error) {
	if !path.IsAbs(c.State) {
		return nil, nil, usageError(fmt.Errorf("--state=%s: the path inside the guest has to begin with /", c.State))
	}
	root, err := rootfs.Open(c.Root)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return nil, nil, &snapshot.Error{
			Kind: snapshot.Usage, Message: fmt.Sprintf("no such root directory: %s", c.Root),
			Hint: "name the root directory of a Debian guest with --root=DIR",
		}
	case err != nil:
		return nil, nil, err
	}
	options := snapshot.Options{
		Root: root, Ledger: path.Clean(c.State), Wait: c.Wait, Actor: actor(), Now: time.Now, Profile: p, LoadProfile: c.loadProfile,
		Looking: a == looking, Trying: a == trying, UnderDpkg: os.Getenv("DPKG_MAINTSCRIPT_NAME") != "",
	}
	if options.Insserv, err = c.insserv(root, a); err != nil {
		return nil, nil, errors.Join(err, root.Close())
	}
	if s, err = snapshot.Open(options); err != nil {
		return nil, nil, errors.Join(err, root.Close())
	}
	if recovered := s.Recovered(); recovered != nil {
		message(c.streams, "took back transaction %d, which was interrupted", recovered.Transaction)
		c.warn(recovered.Warnings)
	}
	return s, func() error { return errors.Join(s.Close(), root.Close()) }, nil
}

// with opens a session for the length of do.
func (c *call) with(a access, do func(*snapshot.Session) error) (err error) {
	return c.withProfile(a, profile.LXC(), do)
}

func (c *call) withProfile(a access, p profile.Profile, do func(*snapshot.Session) error) error {
	s, done, err := c.open(a, p)
	if err != nil {
		return err
	}
	defer func() {
		// The ledger says already what was done: a lock that cannot be given back
		// does not undo it.
		if left := done(); left != nil {
			c.warn(strings.Split(left.Error(), "\n"))
		}
	}()
	return do(s)
}

// view is where results go.
func (c *call) view() *render.View {
	colour := c.Color == "always" || c.Color == "auto" && isTerminal(c.streams.out) && os.Getenv("NO_COLOR") == ""
	return render.NewView(c.streams.out, render.Format{
		JSON: c.JSON != "off", Pretty: c.JSON == "pretty", Legend: !c.NoLegend,
		Quiet: c.Quiet, Verbose: c.Verbose, Color: colour,
	})
}

func (c *call) warn(warnings []string) {
	for _, warning := range warnings {
		message(c.streams, "warning: %s", warning)
	}
}

// actor is who makes the call.
func actor() state.Actor {
	a := state.Actor{UID: os.Getuid(), SudoUser: os.Getenv("SUDO_USER"), Argv: slices.Clone(os.Args)}
	if u, err := user.Current(); err == nil {
		a.User = u.Username
	}
	a.Host, _ = os.Hostname() // a record without the host's name is still a record
	for i, arg := range a.Argv {
		a.Argv[i] = strings.ToValidUTF8(arg, "?")
	}
	return a
}
