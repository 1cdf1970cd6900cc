package snapshot

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// step makes one transaction.
type step func(context.Context, *Session) (*Result, error)

func disable(names ...string) step {
	return func(ctx context.Context, s *Session) (*Result, error) { return s.Disable(ctx, names, Changing{}) }
}

func enable(names ...string) step {
	return func(ctx context.Context, s *Session) (*Result, error) { return s.Enable(ctx, names, Changing{}) }
}

func undo(id uint64, names ...string) step {
	return func(ctx context.Context, s *Session) (*Result, error) { return s.Undo(ctx, id, names, Changing{}) }
}

func redo(id uint64) step {
	return func(ctx context.Context, s *Session) (*Result, error) { return s.Redo(ctx, id, Changing{}) }
}

func rollback(to uint64) step {
	return func(ctx context.Context, s *Session) (*Result, error) { return s.Rollback(ctx, to, Changing{}) }
}

var reapply step = func(ctx context.Context, s *Session) (*Result, error) {
	return s.Reapply(ctx, true, Changing{})
}

// TestLaterDecisionsStay takes back transactions whose scripts were decided
// about again since.
func TestLaterDecisionsStay(t *testing.T) {
	for _, test := range []struct {
		name  string
		steps []step
		on    string // scripts that run at the end
		off   string // scripts that are intended off
	}{
		{"undo one of two", []step{disable("a"), disable("b"), undo(1)}, "a", "b"},
		{"disabled again", []step{disable("a"), enable("a"), disable("a"), undo(1)}, "b", "a"},
		{"disabled again with another", []step{disable("a", "b"), enable("a"), disable("a"), undo(1)}, "b", "a"},
		{"enabled since", []step{disable("a"), enable("a"), undo(1)}, "a b", ""},
		{"partly undone", []step{disable("a", "b"), undo(1, "a"), undo(1)}, "a b", ""},
		{"on under another number", []step{disable("idle", "a"), undo(1), enable("idle"), redo(1)}, "b", "a idle"},
		{"undo of an enable, disabled since", []step{disable("a"), enable("a"), disable("a"), undo(2)}, "b", "a"},
		{"undo of a rollback that changed nothing", []step{disable("a"), undo(1), redo(1), rollback(1), redo(2), undo(4)}, "a b", ""},
		{"undo of one intent for another", []step{disable("a", "b"), undo(1), disable("a"), redo(1), enable("b"), disable("b"), undo(4)}, "", "a b"},
		{"undo of a rollback that turned a script off", []step{enable("idle"), rollback(0), disable("idle"), undo(2)}, "a b", "idle"},
		{"redo of a rollback that turned a script off", []step{enable("idle"), disable("b"), rollback(0), undo(3), enable("b"), disable("b"), redo(3)}, "a b", ""},
		{"rollback between", []step{disable("a"), disable("b"), rollback(1), enable("a"), redo(2)}, "a", "b"},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := newGuest(t, t.TempDir(), lenny, []daemon{
				{name: "a", mode: "0755", header: header("a", "Default-Start: 2", "Default-Stop: 0"), links: []string{"2/S20a", "0/K80a"}},
				{name: "b", mode: "0755", header: header("b", "Default-Start: 2"), links: []string{"2/S30b"}},
				{name: "idle", mode: "0755", header: header("idle", "Default-Start: 2")},
			})
			for _, do := range test.steps {
				g.change(t, func(s *Session) (*Result, error) { return do(t.Context(), s) })
			}
			var on []string
			must(t, g.call(t, func(s *Session) error {
				on = slices.DeleteFunc(s.scriptNames(), func(name string) bool { return !s.runs(name) })
				return nil
			}, trying))
			off := slices.Sorted(maps.Keys(g.intents(t)))
			if diff := cmp.Diff([]string{test.on, test.off}, []string{strings.Join(on, " "), strings.Join(off, " ")}); diff != "" {
				t.Errorf("what is on, what is off (-want +got):\n%s", diff)
			}
		})
	}
}
