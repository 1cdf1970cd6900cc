package snapshot

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/bootledger/bootledger/boot"
	"github.com/bootledger/bootledger/boot/order"
	"github.com/bootledger/bootledger/boot/profile"
	"github.com/bootledger/bootledger/boot/rootfs"
	"github.com/bootledger/bootledger/state"
)

// Options says on which guest and how a Session works.
type Options struct {
	Root    *rootfs.Root
	Ledger  string        // path of the ledger inside the guest
	Wait    time.Duration // how long to wait for the ledger's lock and dpkg's
	Actor   state.Actor
	Now     func() time.Time
	Profile profile.Profile // whose verdicts are shown, and meant where no other is named
	// LoadProfile gives the profile of an earlier conversion, by the name that was
	// recorded; nil where there is none but Profile.
	LoadProfile func(name string) (profile.Profile, error)

	// Insserv runs the guest's own insserv; nil where it must not or cannot
	// run: then the native engine does its work.
	Insserv Engine

	// Looking opens the ledger for reading only and takes no lock of dpkg's.
	Looking bool
	// Trying is for verbs that plan a change and do not make it: like Looking,
	// but what a crash left half done is an error and not a footnote.
	Trying bool
	// UnderDpkg says that dpkg itself called, so its locks are held for us.
	UnderDpkg bool
}

// Session is one call's work on one guest: the guest as it was read, and its
// ledger. A Session that is neither Looking nor Trying holds the locks of both
// until Close.
type Session struct {
	options       Options
	root          *rootfs.Root
	ledger        *state.Ledger
	configuration *boot.Configuration
	packages      *boot.Packages
	kept          map[string]profile.Kept // the guest's keep list, by script
	engine        Engine
	native        Native
	unlock        []func() error
	recovered     *Result
}

// The locks that apt and dpkg take, in the order in which they take them.
var dpkgLocks = []string{"/var/lib/dpkg/lock-frontend", "/var/lib/dpkg/lock"}

// Open reads the guest, opens its ledger and, unless the call only looks,
// takes back what an interrupted call left half done. The caller closes the
// session, not the root.
func Open(o Options) (*Session, error) {
	s := &Session{options: o, root: o.Root}
	if err := s.open(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Session) open() error {
	readOnly := s.options.Looking || s.options.Trying
	if !readOnly {
		if _, err := boot.Read(s.root); err != nil { // before a ledger is created in what is no guest
			return err
		}
	}
	if err := s.openLedger(readOnly); err != nil {
		return err
	}
	pending, err := s.ledger.Pending()
	if err != nil {
		return err
	}
	if pending != nil && s.options.Trying {
		return fail(Unfinished, "bootledger recover takes it back", "transaction %d was interrupted and is half done", pending.ID)
	}
	if !readOnly {
		if err := s.lockDpkg(); err != nil {
			return err
		}
		if pending != nil {
			if s.recovered, err = s.takeBack(*pending, pending.Changes); err != nil {
				return err
			}
		}
	}
	return s.read()
}

// read captures the guest and chooses the engines that fit it.
func (s *Session) read() error {
	var packages *boot.Packages
	var unreadable error
	var done sync.WaitGroup
	done.Go(func() { packages, unreadable = boot.ReadPackages(s.root) })
	configuration, err := boot.Read(s.root)
	done.Wait()
	if err := cmp.Or(err, unreadable); err != nil {
		return err
	}
	version := boot.InsservVersion(packages, configuration.Release)
	rules, known := order.RulesFor(version)
	if !known {
		configuration.Warnings = append(configuration.Warnings, fmt.Sprintf("insserv %s is not known: taken as the nearest version", version))
	}
	for _, path := range slices.Sorted(maps.Keys(configuration.Tree.Nodes)) {
		if !keepable(path, configuration.Tree.Nodes[path]) {
			configuration.Warnings = append(configuration.Warnings, rootfs.Quote(path)+" is no UTF-8 or leads to none: the ledger leaves it out")
		}
	}
	if s.kept, err = readKeepList(configuration); err != nil {
		return err
	}
	s.configuration, s.packages = configuration, packages
	s.native = Native{Rules: rules}
	s.engine = s.options.Insserv
	if s.engine == nil {
		s.engine = s.native
	}
	return nil
}

// attempts bounds how often a session makes the directory of its ledger because
// another one, which had no use for it, removed it meanwhile.
const attempts = 100

func (s *Session) openLedger(readOnly bool) (err error) {
	for range attempts {
		err = s.tryLedger(readOnly)
		if readOnly || !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	return err
}

func (s *Session) tryLedger(readOnly bool) error {
	dir, base := path.Dir(s.options.Ledger), path.Base(s.options.Ledger)
	perm := fs.FileMode(0o700)
	if readOnly {
		perm = 0 // create nothing
	}
	_, missing := s.root.Stat(dir)
	handle, err := s.root.OpenDir(dir, perm)
	if readOnly && errors.Is(err, fs.ErrNotExist) {
		s.ledger = state.Empty()
		return nil
	}
	if err != nil {
		return fmt.Errorf("cannot open the directory of the ledger %s: %w", s.options.Ledger, err)
	}
	s.unlock = append(s.unlock, handle.Close)
	if errors.Is(missing, fs.ErrNotExist) {
		s.unlock = append(s.unlock, func() error { return s.removeEmpty(dir) })
	}
	s.ledger, err = state.Open(handle, base, state.Options{ReadOnly: readOnly, Wait: s.options.Wait})
	if err != nil {
		return fmt.Errorf("cannot open the ledger %s: %w", s.options.Ledger, err)
	}
	return nil
}

// removeEmpty removes a directory that this session made, if it stayed empty: a
// call that changes nothing leaves no trace.
func (s *Session) removeEmpty(dir string) error {
	entry, err := s.root.Stat(dir)
	if err == nil {
		err = s.root.Replace(dir, &entry, nil, nil)
	}
	switch {
	case errors.Is(err, syscall.ENOTEMPTY): // there is a ledger in it
		return nil
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, rootfs.ErrChanged): // another session made it, too
		return nil
	case err != nil:
		return err
	}
	return s.root.Sync()
}

func (s *Session) lockDpkg() error {
	if s.options.UnderDpkg {
		return nil
	}
	for _, lock := range dpkgLocks {
		unlock, err := s.root.Lock(lock, s.options.Wait)
		if err != nil {
			return fmt.Errorf("cannot take dpkg's lock %s: %w", lock, err)
		}
		s.unlock = append(s.unlock, unlock)
	}
	return nil
}

// Close gives the locks back.
func (s *Session) Close() error {
	var errs []error
	if s.ledger != nil {
		errs = append(errs, s.ledger.Release())
	}
	for i := len(s.unlock) - 1; i >= 0; i-- {
		errs = append(errs, s.unlock[i]())
	}
	s.ledger, s.unlock = nil, nil
	return errors.Join(errs...)
}

// Configuration is the guest as the session read it.
func (s *Session) Configuration() *boot.Configuration { return s.configuration }

// Recovered is what Open took back of an interrupted call, nil if nothing.
func (s *Session) Recovered() *Result { return s.recovered }
