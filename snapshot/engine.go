package snapshot

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/bootledger/bootledger/boot"
	"github.com/bootledger/bootledger/boot/lsb"
	"github.com/bootledger/bootledger/boot/order"
	"github.com/bootledger/bootledger/state"
)

// Outcome is what a call of insserv did: what it said, and the tree as it is
// afterwards.
type Outcome struct {
	ExitCode int
	Stdout   string
	Stderr   string
	Tree     boot.Tree
}

// Engine computes what insserv(8) does to a tree. It never touches the guest:
// the difference of the trees is applied as ordinary changes.
type Engine interface {
	// Name is "native" or "insserv".
	Name() string
	// Run gives the outcome of one call with the arguments args. A refusal is
	// an outcome with an exit code other than 0, not an error.
	Run(ctx context.Context, tree boot.Tree, args []string) (Outcome, error)
}

// Native is the engine that runs no program: it predicts what the guest's own
// insserv would write.
type Native struct {
	Rules order.Rules
}

// Name is "native".
func (Native) Name() string { return "native" }

// Run computes the outcome.
func (n Native) Run(_ context.Context, tree boot.Tree, args []string) (Outcome, error) {
	call, err := order.ParseArgs(args)
	if err != nil {
		return Outcome{}, err
	}
	result := order.Run(n.Rules, tree.OrderInput(), call)
	return Outcome{
		ExitCode: result.ExitCode,
		Stderr:   strings.Join(result.Messages, "\n"),
		Tree:     tree.WithOrder(result),
	}, nil
}

// insserv calls the session's engine on the draft's tree, as one operation.
func (d *draft) insserv(ctx context.Context, s *Session, args ...string) error {
	outcome, err := s.engine.Run(ctx, d.after, args)
	if err != nil {
		return fmt.Errorf("cannot run insserv %s: %w", strings.Join(args, " "), err)
	}
	if outcome.ExitCode != 0 {
		return &Error{
			Kind:    Refused,
			Message: fmt.Sprintf("insserv %s refuses (exit code %d): %s", strings.Join(args, " "), outcome.ExitCode, lastLines(outcome.Stderr, 3)),
			Hint:    "mend the scripts it names, or take them out as well",
		}
	}
	if s.engine.Name() != s.native.Name() {
		d.compareWithPrediction(ctx, s, outcome.Tree, args)
	}
	d.after = outcome.Tree
	d.operations = append(d.operations, state.Operation{
		Op: "insserv", Args: args, Engine: s.engine.Name(),
		ExitCode: &outcome.ExitCode, Stdout: outcome.Stdout, Stderr: outcome.Stderr,
	})
	return nil
}

// compareWithPrediction warns where the real insserv wrote something else than
// the native engine would have.
func (d *draft) compareWithPrediction(ctx context.Context, s *Session, actual boot.Tree, args []string) {
	predicted, err := s.native.Run(ctx, d.after, args)
	if err != nil || predicted.ExitCode != 0 {
		d.warn("insserv accepted %s, which the native engine would refuse", strings.Join(args, " "))
		return
	}
	var differing []string
	for _, change := range difference(predicted.Tree, actual) {
		differing = append(differing, change.Path)
	}
	if len(differing) > 0 {
		d.warn("insserv wrote %s otherwise than the native engine predicted; what insserv wrote holds", enumerate(differing, 4))
	}
}

// lastLines gives the last n lines of text that say something, on one line.
func lastLines(text string, n int) string {
	lines := slices.DeleteFunc(strings.Split(text, "\n"), func(line string) bool { return strings.TrimSpace(line) == "" })
	return strings.Join(lines[max(0, len(lines)-n):], "; ")
}

// enumerate lists at most n words and says how many more there are.
func enumerate(words []string, n int) string {
	if len(words) <= n {
		return strings.Join(words, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(words[:n], ", "), len(words)-n)
}

// linkPath reads the path of a link in one of the runlevel directories.
func linkPath(path string) (lsb.Link, bool) {
	dir, base, found := strings.Cut(strings.TrimPrefix(path, "/etc/"), "/")
	level, isLevel := lsb.RunlevelOfDir(dir)
	if !found || !isLevel || !strings.HasPrefix(path, "/etc/") {
		return lsb.Link{}, false
	}
	return lsb.ParseLink(level, base)
}
