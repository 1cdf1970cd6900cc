package snapshot

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bootledger/bootledger/boot"
	"github.com/bootledger/bootledger/boot/profile"
	"github.com/bootledger/bootledger/boot/rootfs"
	"github.com/bootledger/bootledger/integration/sample"
)

func TestLostOrder(t *testing.T) {
	for _, test := range []struct {
		name        string
		whole, rest waits
		gone        string
		want        map[string][]string
	}{
		{
			name:  "across one script",
			whole: waits{[]string{"a", "gone", "z"}, map[string][]string{"gone": {"a"}, "z": {"gone"}}},
			gone:  "gone", want: map[string][]string{"z": {"a"}},
		},
		{
			name:  "across two scripts",
			whole: waits{[]string{"a", "gone", "gone2", "z"}, map[string][]string{"gone": {"a"}, "gone2": {"gone"}, "z": {"gone2"}}},
			gone:  "gone gone2", want: map[string][]string{"z": {"a"}},
		},
		{
			name:  "what still holds in the rest is not lost",
			whole: waits{[]string{"a", "gone", "m", "z"}, map[string][]string{"gone": {"a"}, "m": {"a"}, "z": {"m", "gone"}}},
			rest:  waits{after: map[string][]string{"m": {"a"}, "z": {"m"}}},
			gone:  "gone", want: map[string][]string{},
		},
		{
			name:  "the latest is enough",
			whole: waits{[]string{"a", "b", "gone", "z"}, map[string][]string{"b": {"a"}, "gone": {"a", "b"}, "z": {"gone"}}},
			rest:  waits{after: map[string][]string{"b": {"a"}}},
			gone:  "gone", want: map[string][]string{"z": {"b"}},
		},
		{
			name:  "a loop ends",
			whole: waits{[]string{"gone", "gone2", "z"}, map[string][]string{"gone": {"gone2"}, "gone2": {"gone"}, "z": {"gone"}}},
			gone:  "gone gone2", want: map[string][]string{},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.rest.after == nil {
				test.rest.after = map[string][]string{}
			}
			got := lostOrder(test.whole, test.rest, strings.Fields(test.gone))
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestOrderIsKept converts a guest and looks at what startpar reads: whatever
// came before a script still does, except for what is gone.
func TestOrderIsKept(t *testing.T) {
	dir := t.TempDir()
	must(t, sample.Unpack(dir, "squeeze-startpar"))
	var before, after boot.Tree
	var result *Result
	with(t, dir, func(s *Session) (err error) {
		before = s.configuration.Tree
		result, err = s.Convert(t.Context(), ConvertOptions{Level: profile.LevelAdvised}, Changing{})
		after = s.configuration.Tree
		return err
	})
	for _, file := range []string{".depend.boot", ".depend.start", ".depend.stop"} {
		old, now := orderIn(before.Nodes[boot.InitDir+"/"+file].Content), orderIn(after.Nodes[boot.InitDir+"/"+file].Content)
		for _, script := range now.scripts {
			kept := now.before(script, nil)
			for other := range old.before(script, nil) {
				if !kept[other] && !slices.Contains(result.Scripts, other) {
					t.Errorf("%s: %s no longer waits for %s", file, script, other)
				}
			}
		}
	}
}

// TestOverrides changes overrides and headers behind bootledger's back.
func TestOverrides(t *testing.T) {
	const header = "### BEGIN INIT INFO\n# Provides: halt\n# Default-Stop: 0\n"
	for _, test := range []struct {
		name          string
		before, since func(t *testing.T, etc string) // done before the conversion, and after it
		want          string                         // of halt's override after enabling udev
		wantAtTheEnd  string                         // after everything was taken back
	}{
		{
			name: "untouched",
			want: "# X-Stop-After:",
		},
		{
			name:   "there was one before",
			before: put("insserv/overrides/halt", header+"# X-Mine: 1\n### END INIT INFO\n"),
			want:   "# X-Mine: 1", wantAtTheEnd: "# X-Mine: 1",
		},
		{
			name:  "the script has a new header since",
			since: put("init.d/halt", header+"# X-New: 1\n### END INIT INFO\n"),
			want:  "# X-New: 1",
		},
		{
			name:  "somebody wrote another one since",
			since: put("insserv/overrides/halt", header+"# X-Theirs: 1\n### END INIT INFO\n"),
			want:  "# X-Theirs: 1", wantAtTheEnd: "# X-Theirs: 1",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			must(t, sample.Unpack(dir, "squeeze-startpar"))
			etc := filepath.Join(dir, "etc")
			if test.before != nil {
				test.before(t, etc)
			}
			with(t, dir, func(s *Session) error {
				_, err := s.Convert(t.Context(), ConvertOptions{Level: profile.LevelAdvised}, Changing{})
				return err
			})
			if test.since != nil {
				test.since(t, etc)
			}
			with(t, dir, func(s *Session) error {
				_, err := s.Enable(t.Context(), []string{"udev"}, Changing{})
				return err
			})
			override := filepath.Join(etc, "insserv/overrides/halt")
			if text, err := os.ReadFile(override); err != nil || !strings.Contains(string(text), test.want) {
				t.Errorf("%q is not in the override (%v):\n%s", test.want, err, text)
			}
			must(t, sample.Upgrade(dir)) // brings scripts back: nothing can be taken back exactly any more
			with(t, dir, func(s *Session) error {
				_, err := s.Rollback(t.Context(), 0, Changing{})
				return err
			})
			text, err := os.ReadFile(override)
			if gone := os.IsNotExist(err); gone != (test.wantAtTheEnd == "") || !strings.Contains(string(text), test.wantAtTheEnd) {
				t.Errorf("at the end the override holds %q (%v), want %q in it", text, err, test.wantAtTheEnd)
			}
		})
	}
}

// put writes a file below /etc.
func put(name, text string) func(*testing.T, string) {
	return func(t *testing.T, etc string) {
		t.Helper()
		path := filepath.Join(etc, name)
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(t, os.WriteFile(path, []byte(text), 0o755))
	}
}

// with does something in a session on a guest. It may be called side by side.
func with(t *testing.T, dir string, do func(*Session) error) {
	t.Helper()
	root, err := rootfs.Open(dir)
	if err != nil {
		t.Error(err)
		return
	}
	defer root.Close()
	s, err := Open(Options{
		Root: root, Ledger: "/var/lib/bootledger/state.db", Wait: time.Minute, Now: time.Now, Profile: profile.LXC(),
	})
	if err != nil {
		t.Error(err)
		return
	}
	if err := errors.Join(do(s), s.Close()); err != nil {
		t.Error(err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
