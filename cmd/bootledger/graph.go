package main

import (
	"fmt"

	"github.com/bootledger/bootledger/boot/lsb"
	"github.com/bootledger/bootledger/cmd/bootledger/internal/picture"
	"github.com/bootledger/bootledger/snapshot"
)

type graphVerb struct {
	Runlevel []string `arg:"" optional:"" sep:"none" complete:"runlevel" help:"Only these: S, or 0 to 6."`
	Format   string   `enum:"svg,dot" default:"svg" placeholder:"FORMAT" help:"svg, or dot for Graphviz (default: ${default})."`
	Before   string   `placeholder:"ID" complete:"transaction" help:"Show the boot before this transaction beside that of now."`
}

// Help is the long text.
func (v *graphVerb) Help() string {
	return `  bootledger graph >boot.svg
  bootledger graph --before=last S 2 >boot.svg`
}

// Run draws the boot.
func (v *graphVerb) Run(c *call) error {
	var levels []lsb.Runlevel
	for _, word := range v.Runlevel {
		level, ok := lsb.ParseRunlevel(word)
		if !ok {
			return usageError(fmt.Errorf("%q is no runlevel: use S, or 0 to 6", word))
		}
		levels = append(levels, level)
	}
	return c.with(looking, func(s *snapshot.Session) error {
		graph, err := s.Graph(snapshot.GraphOptions{Runlevels: levels, Before: v.Before})
		if err != nil {
			return err
		}
		c.warn(s.Configuration().Warnings)
		switch {
		case c.JSON != "off":
			return c.view().Graph(graph)
		case v.Format == "dot":
			return picture.DOT(c.streams.out, graph)
		default:
			return picture.SVG(c.streams.out, graph)
		}
	})
}
