package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
	"golang.org/x/term"

	"github.com/bootledger/bootledger/cmd/bootledger/internal/render"
	"github.com/bootledger/bootledger/snapshot"
)

// streams are what a call reads and writes.
type streams struct {
	in  *os.File
	out io.Writer
	err io.Writer
}

// The exit codes of the contract in docs/cli.md.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitDifferences = 3
	exitConflict    = 4
	exitBusy        = 5
)

// exitCode is an outcome that is no error to report, as differences found are.
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// stopped unwinds kong after --help or --version, which otherwise would end the
// process.
type stopped struct{ code int }

// run does one call and gives its exit code.
func run(args []string, s streams) (code int) {
	defer func() {
		switch cause := recover().(type) {
		case nil:
		case stopped:
			code = cause.code
		default: // the ledger's pending record lets the next call take back what was begun
			code = report(s, args, fmt.Errorf("this is a mistake in bootledger, please report it: %v\n%s", cause, debug.Stack()))
		}
	}()
	var global Global
	options := []kong.Option{
		kong.Name("bootledger"),
		kong.Description(description),
		kong.UsageOnError(),
		kong.Writers(s.out, s.err),
		kong.Exit(func(code int) { panic(stopped{code}) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.ExplicitGroups(groups),
		kong.Vars{"version": versionLine()},
	}
	parser, whole, err := newParser(&global, args, options...)
	if err != nil {
		return report(s, args, err)
	}
	parsed, err := parser.Parse(args)
	if err != nil && !whole { // it may be about a verb that was left out
		global = Global{}
		if parser, _, err = newParser(&global, nil, options...); err == nil {
			parsed, err = parser.Parse(args)
		}
	}
	if err != nil {
		return report(s, args, usageError(err))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	return report(s, args, parsed.Run(&call{Global: global, streams: s, ctx: ctx}, parser))
}

// usageError marks what kong says of a call's words.
func usageError(err error) error {
	return &snapshot.Error{Kind: snapshot.Usage, Message: err.Error(), Hint: "bootledger --help, or bootledger VERB --help"}
}

// report tells the user about an error and gives the exit code for it.
func report(s streams, args []string, err error) int {
	var code exitCode
	if err == nil {
		return exitDone
	}
	if errors.As(err, &code) {
		return int(code)
	}
	explained := snapshot.Explain(err)
	if mode := jsonMode(args); mode != "off" {
		if render.JSON(s.out, mode == "pretty", render.FailureOf(explained)) == nil {
			return codeOf(explained.Kind)
		}
	}
	message(s, "%s", explained.Error())
	if explained.Hint != "" {
		_, _ = fmt.Fprintf(s.err, "  %s\n", render.Clean(explained.Hint))
	}
	return codeOf(explained.Kind)
}

// message writes a line to standard error, with the program's name in front.
func message(s streams, format string, args ...any) {
	_, _ = fmt.Fprintf(s.err, "bootledger: %s\n", render.Clean(fmt.Sprintf(format, args...)))
}

func codeOf(kind snapshot.Kind) int {
	switch kind {
	case snapshot.Usage, snapshot.UnknownScript, snapshot.NoTransaction:
		return exitUsage
	case snapshot.Conflict:
		return exitConflict
	case snapshot.Busy:
		return exitBusy
	default:
		return exitFailed
	}
}

// jsonMode looks for --json in a call's raw words: after a parse error no
// option has a value.
func jsonMode(args []string) string {
	mode := "off"
	for i, arg := range args {
		value, found := strings.CutPrefix(arg, "--json=")
		if arg == "--json" && i+1 < len(args) {
			value, found = args[i+1], true
		}
		if arg == "--" {
			break
		}
		if found && slices.Contains([]string{"off", "short", "pretty"}, value) {
			mode = value
		}
	}
	return mode
}

// isTerminal reports whether w is a terminal.
func isTerminal(w any) bool {
	file, ok := w.(*os.File)
	return ok && file != nil && term.IsTerminal(int(file.Fd()))
}
