package render

import (
	"fmt"
	"strings"

	"github.com/bootledger/bootledger/boot"
	"github.com/bootledger/bootledger/boot/profile"
)

func keptOf(k profile.Kept) keptJSON {
	return keptJSON{Script: k.Script, Path: boot.KeepList, Line: k.Line, Reason: k.Reason}
}

func keptList(list []profile.Kept) []keptJSON {
	out := []keptJSON{}
	for _, k := range list {
		out = append(out, keptOf(k))
	}
	return out
}

// keptBy tells where a script is kept, and why.
func keptBy(k profile.Kept) string {
	return strings.TrimSpace(fmt.Sprintf("%s:%d %s", boot.KeepList, k.Line, k.Reason))
}

// kept lists what was left alone.
func (v *View) kept(list []profile.Kept) {
	for _, k := range list {
		v.say("kept: %s, %s", quote(k.Script), keptBy(k))
	}
}
