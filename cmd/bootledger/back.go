package main

import (
	"github.com/bootledger/bootledger/boot/profile"
	"github.com/bootledger/bootledger/snapshot"
)

type undoVerb struct {
	ID     string   `arg:"" optional:"" complete:"transaction" help:"A transaction's number, last, or last-N. Without it, the last one that is in force and is no undo or redo."`
	Script []string `arg:"" optional:"" sep:"none" complete:"script" help:"Take back only what was decided about these scripts."`
	Changing
}

// Help is the long text.
func (v *undoVerb) Help() string {
	return `While every path that the transaction changed still holds what it wrote, each gets back exactly what it held before.
When an upgrade or somebody else changed one of them, the decisions are taken back: scripts are enabled again in the runlevels
they had, and the order is computed from what is installed now. Exit code 4: somebody else changed what would be overwritten;
nothing was changed.`
}

// Run takes back one transaction.
func (v *undoVerb) Run(c *call) error {
	return c.change(v.Changing, profile.LXC(), c.confirmed(v.Changing, func(s *snapshot.Session, changing snapshot.Changing) (*snapshot.Result, error) {
		point, scripts := v.ID, v.Script
		if point != "" && !snapshot.IsPoint(point) { // a script's name, of the last transaction
			point, scripts = "", append([]string{v.ID}, v.Script...)
		}
		id, err := resolveOr(s, point, s.LastUndoable)
		if err != nil {
			return nil, err
		}
		return s.Undo(c.ctx, id, scripts, changing)
	}))
}

type redoVerb struct {
	ID string `arg:"" optional:"" complete:"transaction" help:"A transaction's number. Without it, the one that the last undo took back."`
	Changing
}

// Run makes an undone transaction again.
func (v *redoVerb) Run(c *call) error {
	return c.change(v.Changing, profile.LXC(), func(s *snapshot.Session, changing snapshot.Changing) (*snapshot.Result, error) {
		id, err := resolveOr(s, v.ID, s.LastUndone)
		if err != nil {
			return nil, err
		}
		return s.Redo(c.ctx, id, changing)
	})
}

type rollbackVerb struct {
	To string `arg:"" complete:"transaction" help:"A transaction's number, last, last-N, or @TIME; 0 is before the first."`
	Changing
}

// Run goes back to the end of a transaction.
func (v *rollbackVerb) Run(c *call) error {
	return c.change(v.Changing, profile.LXC(), c.confirmed(v.Changing, func(s *snapshot.Session, changing snapshot.Changing) (*snapshot.Result, error) {
		to, err := s.Resolve(v.To)
		if err != nil {
			return nil, err
		}
		return s.Rollback(c.ctx, to, changing)
	}))
}

func resolveOr(s *snapshot.Session, word string, fallback func() (uint64, error)) (uint64, error) {
	if word == "" {
		return fallback()
	}
	return s.Resolve(word)
}
