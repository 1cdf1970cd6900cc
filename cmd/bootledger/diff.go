package main

import (
	"github.com/bootledger/bootledger/cmd/bootledger/internal/render"
	"github.com/bootledger/bootledger/snapshot"
)

type diffVerb struct {
	From  string `arg:"" optional:"" complete:"transaction" help:"A point in time: a transaction's number, last, last-N, live, @TIME, or A..B for two of them."`
	To    string `arg:"" optional:"" complete:"transaction" help:"Another one. Without it, what transaction FROM did."`
	Order bool   `xor:"parts" help:"Boot order only: what was reordered, and what only renumbered."`
	Files bool   `xor:"parts" help:"File contents only."`
}

// Help is the long text.
func (v *diffVerb) Help() string {
	return `  bootledger diff          the end of the last transaction against the guest as it is
  bootledger diff 12       what transaction 12 did
  bootledger diff 12 live  everything since the end of transaction 12

A script is reordered when it changed places with another one; where only its number changed, it is renumbered.
Exit codes: 0 no difference, 3 differences found.`
}

// Run compares two points in time.
func (v *diffVerb) Run(c *call) error {
	return c.with(looking, func(s *snapshot.Session) error {
		difference, err := s.Diff(v.From, v.To)
		if err != nil {
			return err
		}
		if err := c.view().Diff(difference, render.Parts{Order: v.Order, Files: v.Files}); err != nil {
			return err
		}
		if !difference.Empty() {
			return exitCode(exitDifferences)
		}
		return nil
	})
}
