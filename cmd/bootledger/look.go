package main

import (
	"time"

	"github.com/bootledger/bootledger/snapshot"
)

type statusVerb struct{}

// Run shows how the guest stands to its ledger.
func (v *statusVerb) Run(c *call) error {
	return c.with(looking, func(s *snapshot.Session) error {
		status, err := s.Status()
		if err != nil {
			return err
		}
		c.warn(s.Configuration().Warnings)
		if c.JSON != "off" || !c.Quiet {
			if err := c.view().Status(status); err != nil {
				return err
			}
		}
		if len(status.Drift) > 0 {
			return exitCode(exitDifferences)
		}
		return nil
	})
}

type schemeVerb struct{}

// Run shows the boot scheme.
func (v *schemeVerb) Run(c *call) error {
	return c.with(looking, func(s *snapshot.Session) error {
		return c.view().Scheme(s.Configuration().Detection)
	})
}

type scriptsVerb struct {
	Name []string `arg:"" optional:"" sep:"none" complete:"script" help:"Only these."`
}

// Run lists scripts.
func (v *scriptsVerb) Run(c *call) error {
	return c.with(looking, func(s *snapshot.Session) error {
		scripts, err := s.Scripts(v.Name)
		if err != nil {
			return err
		}
		c.warn(s.Configuration().Warnings)
		return c.view().Scripts(scripts)
	})
}

type whyVerb struct {
	Script string `arg:"" complete:"script" help:"Its name in /etc/init.d."`
}

// Run explains one script.
func (v *whyVerb) Run(c *call) error {
	return c.with(looking, func(s *snapshot.Session) error {
		why, err := s.Why(v.Script)
		if err != nil {
			return err
		}
		return c.view().Why(why)
	})
}

type logVerb struct {
	Number int               `short:"n" placeholder:"N" help:"At most N, the newest."`
	Script string            `placeholder:"NAME" complete:"script" help:"Only those about this script."`
	Since  string            `placeholder:"TIME" help:"Only those since then: 2026-01-31, 2026-01-31 15:04, RFC 3339, or 36h for 36 hours ago."`
	Label  map[string]string `placeholder:"K=V" mapsep:"none" help:"Only those with this label; repeatable."`
}

// Run lists transactions.
func (v *logVerb) Run(c *call) error {
	filter := snapshot.LogFilter{Limit: v.Number, Script: v.Script, Labels: v.Label}
	if v.Since != "" {
		since, err := snapshot.ParseTime(v.Since, time.Now())
		if err != nil {
			return err
		}
		filter.Since = since
	}
	return c.with(looking, func(s *snapshot.Session) error {
		log, err := s.Log(filter)
		if err != nil {
			return err
		}
		return c.view().Log(log)
	})
}

type showVerb struct {
	ID string `arg:"" complete:"transaction" help:"A transaction's number, last, or last-N."`
}

// Run shows one transaction.
func (v *showVerb) Run(c *call) error {
	return c.with(looking, func(s *snapshot.Session) error {
		id, err := s.Resolve(v.ID)
		if err != nil {
			return err
		}
		transaction, err := s.Show(id)
		if err != nil {
			return err
		}
		return c.view().Show(transaction)
	})
}
