package insserv

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/bootledger/bootledger/boot"
	"github.com/bootledger/bootledger/boot/rootfs"
	"github.com/bootledger/bootledger/snapshot"
)

// timeout bounds one call of insserv, which takes some 20 ms.
const timeout = 30 * time.Second

var errTimeout = fmt.Errorf("it was not done after %v", timeout)

// hint is what to do where the guest's insserv cannot be had.
const hint = "--engine=native computes the order without running the guest's program"

// Engine runs the insserv of one guest.
type Engine struct {
	program program
	live    bool // the guest is the system we run in
}

var _ snapshot.Engine = (*Engine)(nil)

// ErrNone says that a guest has no insserv.
var ErrNone = errors.New("none of " + strings.Join(places, ", ") + " is there")

// Find reads the guest's insserv and what it takes to start it. The error is a
// *snapshot.Error; it wraps ErrNone if there is no insserv, else it says why the
// one that is there is not run.
func Find(root *rootfs.Root) (*Engine, error) {
	program, err := readProgram(root)
	if err != nil {
		return nil, fail("cannot use the guest's insserv", err)
	}
	return &Engine{program: program, live: root.Live()}, nil
}

// Name is "insserv".
func (*Engine) Name() string { return "insserv" }

// Run has insserv work on a scratch copy of the tree. It gives up after 30
// seconds, or when ctx is done. New links and files belong to the guest's root
// and have the modes 0777 and 0644.
func (e *Engine) Run(ctx context.Context, tree boot.Tree, args []string) (snapshot.Outcome, error) {
	if os.Geteuid() != 0 {
		return snapshot.Outcome{}, &snapshot.Error{Kind: snapshot.Permission, Message: "the guest's insserv is run by root only", Hint: hint}
	}
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, errTimeout)
	defer cancel()
	var s scratch
	var outcome snapshot.Outcome
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		// Never unlocked: the thread gives up its privileges and has a working
		// directory of its own, so it ends with the goroutine.
		runtime.LockOSThread()
		outcome, err = e.run(ctx, &s, tree, args)
	}()
	<-done
	return outcome, errors.Join(err, s.remove())
}

// run changes the state of its thread for good.
func (e *Engine) run(ctx context.Context, s *scratch, tree boot.Tree, args []string) (outcome snapshot.Outcome, err error) {
	if err := s.enter(); err != nil {
		return snapshot.Outcome{}, fail("cannot make a scratch copy for insserv", err)
	}
	if err := s.fill(tree, e.program); err != nil {
		return snapshot.Outcome{}, fail("cannot make a scratch copy for insserv", err)
	}
	if outcome, err = e.call(ctx, args); err != nil {
		return snapshot.Outcome{}, err
	}
	if outcome.Tree, err = readBack(tree); err != nil {
		return snapshot.Outcome{}, fail("the guest's insserv did what insserv does not do", err)
	}
	return outcome, nil
}

func fail(message string, err error) error {
	return &snapshot.Error{Kind: snapshot.Failed, Message: message, Hint: hint, Err: err}
}
