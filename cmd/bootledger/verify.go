package main

import "github.com/bootledger/bootledger/snapshot"

type verifyVerb struct{}

// Help is the long text.
func (v *verifyVerb) Help() string {
	return "Damage is what the ledger does not hold as it was written: records, their chain, contents. That the guest was changed since is none."
}

// Run checks the ledger.
func (v *verifyVerb) Run(c *call) error {
	var found *snapshot.Verification
	err := c.with(looking, func(s *snapshot.Session) (err error) {
		c.warn(s.Configuration().Warnings)
		found, err = s.Verify()
		return err
	})
	if damaged, is := snapshot.Damage(err); is {
		found, err = damaged, nil
	}
	if err != nil {
		return err
	}
	if c.JSON != "off" || !c.Quiet {
		if err := c.view().Verify(found); err != nil {
			return err
		}
	}
	if len(found.Problems) > 0 {
		return exitCode(exitDifferences)
	}
	return nil
}
