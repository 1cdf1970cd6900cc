package main

import (
	"errors"

	"github.com/bootledger/bootledger/boot/rootfs"
	"github.com/bootledger/bootledger/integration/insserv"
	"github.com/bootledger/bootledger/snapshot"
)

// insserv gives the engine that runs the guest's own insserv, nil where the
// native one is meant: what changes nothing runs nothing of the guest's.
func (c *call) insserv(root *rootfs.Root, a access) (snapshot.Engine, error) {
	chosen := c.Engine == "insserv"
	if a != changing || c.Engine == "native" || !chosen && !root.Live() {
		return nil, nil
	}
	engine, err := insserv.Find(root)
	switch {
	case err == nil:
		return engine, nil
	case chosen:
		return nil, err
	case !errors.Is(err, insserv.ErrNone):
		message(c.streams, "warning: %v: the order is computed natively", err)
	}
	return nil, nil
}
