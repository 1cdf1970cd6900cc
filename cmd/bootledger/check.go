package main

import "github.com/bootledger/bootledger/snapshot"

type checkVerb struct{}

// Run looks for what is unsound in the guest's boot.
func (v *checkVerb) Run(c *call) error {
	return c.with(looking, func(s *snapshot.Session) error {
		findings, err := s.Check()
		if err != nil {
			return err
		}
		c.warn(s.Configuration().Warnings)
		if c.JSON != "off" || !c.Quiet {
			if err := c.view().Check(findings); err != nil {
				return err
			}
		}
		if len(findings) > 0 {
			return exitCode(exitDifferences)
		}
		return nil
	})
}
