package main

import (
	"bufio"
	"cmp"
	"fmt"
	"strings"

	"github.com/bootledger/bootledger/boot/profile"
	"github.com/bootledger/bootledger/snapshot"
)

// change runs a changing verb and shows what it did.
func (c *call) change(o Changing, p profile.Profile, do func(*snapshot.Session, snapshot.Changing) (*snapshot.Result, error)) error {
	a := changing
	if o.DryRun {
		a = trying
	}
	return c.withProfile(a, p, func(s *snapshot.Session) error {
		result, err := do(s, snapshot.Changing{DryRun: o.DryRun, Force: o.Force, Comment: o.Comment, Labels: o.Label})
		if err != nil {
			return err
		}
		c.warn(result.Warnings)
		if err := c.view().Result(result); err != nil {
			return err
		}
		if result.Transaction > 0 && o.ChangedExit != 0 {
			return exitCode(o.ChangedExit)
		}
		return nil
	})
}

// confirmed shows what do would do and asks, where there is somebody to ask.
func (c *call) confirmed(o Changing, do func(*snapshot.Session, snapshot.Changing) (*snapshot.Result, error)) func(*snapshot.Session, snapshot.Changing) (*snapshot.Result, error) {
	if o.AssumeYes || o.DryRun || c.JSON != "off" || !isTerminal(c.streams.in) || !isTerminal(c.streams.out) {
		return do
	}
	return func(s *snapshot.Session, changing snapshot.Changing) (*snapshot.Result, error) {
		try := changing
		try.DryRun = true
		result, err := do(s, try)
		if err != nil || len(result.Changes) == 0 {
			return result, err
		}
		if err := c.view().Result(result); err != nil {
			return nil, err
		}
		_, _ = fmt.Fprint(c.streams.err, "Go on? [y/N] ")
		answer, _ := bufio.NewReader(c.streams.in).ReadString('\n') // no answer is a no
		if answer = strings.ToLower(strings.TrimSpace(answer)); answer != "y" && answer != "yes" {
			return nil, &snapshot.Error{Kind: snapshot.Failed, Message: "not confirmed, nothing was changed", Hint: "-y asks nothing"}
		}
		return do(s, changing)
	}
}

// ProfileOptions choose the verdicts that a conversion follows.
type ProfileOptions struct {
	Profile string `default:"lxc" placeholder:"NAME" complete:"profile" help:"The built-in profile, NAME.toml in the guest's /etc/bootledger/profiles, or with a slash or .toml a file on this side (default: ${default})."`
	Level   string `enum:"advised,required" default:"advised" help:"required: only what must go; advised: also what only costs errors and time (default: ${default})."`
	Method  string `enum:"auto,links,insserv,override" default:"auto" help:"links: move links to /etc-before-lxc; insserv: have insserv take them away; override: that, and keep the order of the other scripts by overrides of their headers; auto: what fits the boot scheme."`
}

func (o ProfileOptions) convert() snapshot.ConvertOptions {
	return snapshot.ConvertOptions{Level: profile.Level(o.Level), Method: o.Method}
}

type convertVerb struct {
	ProfileOptions
	Changing
}

// Run converts the guest.
func (v *convertVerb) Run(c *call) error {
	p, err := c.loadProfile(v.Profile)
	if err != nil {
		return err
	}
	return c.change(v.Changing, p, func(s *snapshot.Session, changing snapshot.Changing) (*snapshot.Result, error) {
		return s.Convert(c.ctx, v.convert(), changing)
	})
}

type planVerb struct {
	ProfileOptions
}

// Run shows what a conversion would do.
func (v *planVerb) Run(c *call) error {
	p, err := c.loadProfile(v.Profile)
	if err != nil {
		return err
	}
	return c.withProfile(looking, p, func(s *snapshot.Session) error {
		result, err := s.Convert(c.ctx, v.convert(), snapshot.Changing{DryRun: true})
		if err != nil {
			return err
		}
		c.warn(result.Warnings)
		return c.view().Plan(s.Configuration().Detection.Scheme, result)
	})
}

type disableVerb struct {
	Name []string `arg:"" sep:"none" complete:"script" help:"Names of scripts in /etc/init.d."`
	Changing
}

// Run disables scripts.
func (v *disableVerb) Run(c *call) error {
	return c.change(v.Changing, profile.LXC(), func(s *snapshot.Session, changing snapshot.Changing) (*snapshot.Result, error) {
		return s.Disable(c.ctx, v.Name, changing)
	})
}

type enableVerb struct {
	Name []string `arg:"" sep:"none" complete:"script" help:"Names of scripts in /etc/init.d."`
	Changing
}

// Run enables scripts.
func (v *enableVerb) Run(c *call) error {
	return c.change(v.Changing, profile.LXC(), func(s *snapshot.Session, changing snapshot.Changing) (*snapshot.Result, error) {
		return s.Enable(c.ctx, v.Name, changing)
	})
}

type reapplyVerb struct {
	Check bool `help:"Change nothing; exit 3 if there is something to disable again."`
	New   bool `help:"Also disable scripts that came since the conversion and that the profile names."`
	Changing
}

// Run disables again what an upgrade brought back.
func (v *reapplyVerb) Run(c *call) error {
	v.DryRun = v.DryRun || v.Check
	differs := false
	err := c.change(v.Changing, profile.LXC(), func(s *snapshot.Session, changing snapshot.Changing) (*snapshot.Result, error) {
		result, err := s.Reapply(c.ctx, v.New, changing)
		differs = err == nil && len(result.Decisions)+len(result.Changes) > 0
		return result, err
	})
	if err == nil && v.Check && differs {
		return exitCode(exitDifferences)
	}
	return err
}

type recoverVerb struct {
	Changing
}

// Run takes back what an interrupted call left half done.
func (v *recoverVerb) Run(c *call) error {
	return c.change(v.Changing, profile.LXC(), func(s *snapshot.Session, _ snapshot.Changing) (*snapshot.Result, error) {
		return cmp.Or(s.Recovered(), &snapshot.Result{Kind: "recover"}), nil
	})
}
