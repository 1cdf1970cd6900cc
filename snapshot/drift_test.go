package snapshot

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bootledger/bootledger/boot/profile"
	"github.com/bootledger/bootledger/boot/rootfs/rootfstest"
)

// drifts gives the scripts that drift, by the kind of their drift.
func (g *guest) drifts(t *testing.T) map[string]string {
	t.Helper()
	kinds := map[string]string{}
	must(t, g.call(t, func(s *Session) error {
		drift, err := s.Drift()
		for _, d := range drift {
			kinds[d.Script] = d.Kind
		}
		return err
	}, trying))
	return kinds
}

// TestDrift has packages enable a script again and bring a new one.
func TestDrift(t *testing.T) {
	for method, version := range smallGuests {
		t.Run(method, func(t *testing.T) {
			g := smallGuest(t, version)
			g.profile = profile.Profile{Name: "small", Rules: []profile.Rule{
				{Name: "mid", Verdict: profile.Required}, {Name: "fresh", Verdict: profile.Required}, {Name: "fresh-keep", Verdict: profile.Keep},
			}}
			g.change(t, func(s *Session) (*Result, error) {
				return s.Convert(t.Context(), ConvertOptions{Level: profile.LevelRequired}, Changing{})
			})
			rootfstest.Build(t, g.dir, "file etc/init.d/fresh 0755 "+header("fresh", "Default-Start: 2"), "file etc/init.d/fresh-keep 0755 "+header("fresh-keep", "Default-Start: 2"))
			if version == lenny {
				rootfstest.Build(t, g.dir, "link etc/rc2.d/S77mid ../init.d/mid", "link etc/rc2.d/S78fresh ../init.d/fresh")
			} else {
				g.insserv(t, "-f", "mid", "fresh", "fresh-keep")
			}
			if diff := cmp.Diff(map[string]string{"mid": ReEnabled, "fresh": New}, g.drifts(t)); diff != "" {
				t.Errorf("drift (-want +got):\n%s", diff)
			}
			if result := g.change(t, func(s *Session) (*Result, error) { return s.Reapply(t.Context(), false, Changing{}) }); len(result.Warnings) != 1 {
				t.Errorf("warnings without --new: %q", result.Warnings)
			}
			if diff := cmp.Diff(map[string]string{"fresh": New}, g.drifts(t)); diff != "" {
				t.Errorf("drift after reapply (-want +got):\n%s", diff)
			}
			g.change(t, reapply.on(t))
			if drift := g.drifts(t); len(drift) > 0 {
				t.Errorf("drift after reapply --new: %v", drift)
			}
			if result := g.change(t, reapply.on(t)); result.Transaction != 0 {
				t.Errorf("a reapply too many: %+v", result)
			}
		})
	}
}

// TestPurgedScript brings links back of a script that is not installed any
// more: rc passes over them, so nothing drifts.
func TestPurgedScript(t *testing.T) {
	for method, version := range smallGuests {
		t.Run(method, func(t *testing.T) {
			g := smallGuest(t, version)
			g.change(t, disable("other").on(t))
			must(t, os.Remove(g.dir+"/etc/init.d/other"))
			g.change(t, undo(1).on(t))
			g.change(t, redo(1).on(t))
			g.change(t, undo(1).on(t))
			g.change(t, disable("other").on(t))
			if drift := g.drifts(t); len(drift) > 0 {
				t.Errorf("drift: %v", drift)
			}
			for range 2 {
				if result := g.change(t, reapply.on(t)); result.Transaction != 0 {
					t.Errorf("reapply made a transaction: %+v", result)
				}
			}
		})
	}
}
