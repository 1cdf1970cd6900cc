package snapshot_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bootledger/bootledger/boot/profile"
	"github.com/bootledger/bootledger/boot/rootfs"
	"github.com/bootledger/bootledger/integration/sample"
	"github.com/bootledger/bootledger/snapshot"
)

// replace is a change of a file of a guest; an empty old text means the whole
// file.
type replace struct{ path, old, text string }

func TestCheck(t *testing.T) {
	const cron, ssh, overrides = "etc/init.d/cron", "etc/init.d/ssh", "etc/insserv/overrides/"
	cronRequires := func(what string) replace {
		return replace{cron, "# Required-Start:   $remote_fs $syslog $time", "# Required-Start:   $remote_fs $syslog $time" + what}
	}
	for _, test := range []struct {
		name, guest string
		changes     []replace
		remove      []string
		want        []string
	}{
		{name: "in order", guest: "squeeze-startpar"},
		{name: "numbers fixed by hand", guest: "squeeze-legacy"},
		{
			name: "missing", guest: "squeeze-startpar", changes: []replace{cronRequires(" nosuch")},
			want: []string{
				`missing cron of cron, line 4 "# Required-Start:   $remote_fs $syslog $time nosuch": requires nosuch`,
				`refused cron of cron, line 4 "# Required-Start:   $remote_fs $syslog $time nosuch": insserv would refuse update-rc.d cron defaults`,
			},
		},
		{
			name: "a facility that nobody defines", guest: "squeeze-startpar", changes: []replace{cronRequires(" $nosuch +nosuch")},
		},
		{
			name: "an override", guest: "squeeze-startpar",
			changes: []replace{{overrides + "cron", "", "### BEGIN INIT INFO\n# Provides: cron\n# Required-Start: $remote_fs $syslog $time nosuch\n# Default-Start: 2 3 4 5\n# Default-Stop:\n### END INIT INFO\n"}},
			want: []string{
				`missing cron of cron, line 3 "# Required-Start: $remote_fs $syslog $time nosuch": requires nosuch, which no script provides (Required-Start of /etc/insserv/overrides/cron, line 3)`,
				`refused cron of cron, line 3`,
			},
		},
		{
			name: "disabled", guest: "squeeze-startpar", changes: []replace{cronRequires(" sshd")},
			remove: []string{"etc/rc[2-5].d/S*ssh"},
			want: []string{
				`disabled cron of cron, line 4 "# Required-Start:   $remote_fs $syslog $time sshd": requires sshd of ssh, which is not enabled`,
				`links_disagree cron of cron: has /etc/rc2.d/`,
				`refused cron of cron, line 4`,
			},
		},
		{
			name: "runlevels", guest: "squeeze-startpar",
			changes: []replace{cronRequires(" sshd"), {"var/lib/dpkg/status", "Version: 1.14.0-2\n", "Version: 1.18.0-2\n"}},
			remove:  []string{"etc/rc[45].d/S*ssh"},
			want: []string{
				`disabled cron of cron, line 4 "# Required-Start:   $remote_fs $syslog $time sshd": requires sshd, which does not start in runlevels 4 5`,
				`refused  of : insserv would refuse update-rc.d for every script`,
			},
		},
		{
			name: "a loop", guest: "squeeze-startpar",
			changes: []replace{cronRequires(" sshd"), {ssh, "# Required-Start:   $remote_fs $syslog", "# Required-Start:   cron"}},
			want: []string{
				`loop ssh of openssh-server, line 4 "# Required-Start:   cron": cron, ssh would each have to start after the others (Required-Start of /etc/init.d/ssh, line 4; Required-Start of /etc/init.d/cron, line 4)`,
				`refused  of : insserv would refuse update-rc.d for every script`,
			},
		},
		{
			name: "links", guest: "squeeze-startpar", changes: []replace{cronRequires(" sshd")},
			want: []string{`links_disagree cron of cron: has /etc/rc2.d/`},
		},
		{
			name: "no header", guest: "squeeze-legacy", changes: []replace{{cron, "", "#!/bin/sh\n"}},
			want: []string{`no_header cron of cron: /etc/init.d/cron has no header`},
		},
		{
			name: "a header without end", guest: "squeeze-legacy", changes: []replace{{cron, "### END INIT INFO", "###"}},
			want: []string{`no_header cron of cron: /etc/init.d/cron has no line "### END INIT INFO"`},
		},
		{
			name: "a duplicate", guest: "squeeze-legacy", changes: []replace{{cron, "# Provides:         cron", "# Provides:         sshd"}},
			want: []string{`duplicate ssh of openssh-server, line 3 "# Provides:         sshd": provides sshd, as cron does`},
		},
		{
			name: "facilities in a loop", guest: "squeeze-startpar", changes: []replace{{"etc/insserv.conf", "", "$one $two\n$two $one\n"}},
			want: []string{`refused  of : insserv refuses everything: cannot expand $one`},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := sample.Unpack(dir, test.guest); err != nil {
				t.Fatal(err)
			}
			for _, c := range test.changes {
				c.apply(t, dir)
			}
			for _, pattern := range test.remove {
				removeAll(t, filepath.Join(dir, pattern))
			}
			var got []string
			for i, f := range check(t, dir) {
				line := fmt.Sprintf("%s %s of %s", f.Kind, f.Script, f.Package)
				if f.Line != nil {
					line += fmt.Sprintf(", line %d %q", f.Line.Number, f.Line.Text)
				}
				line += ": " + f.Message
				if i < len(test.want) && strings.HasPrefix(line, test.want[i]) {
					line = test.want[i]
				}
				got = append(got, line)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

func (c replace) apply(t *testing.T, dir string) {
	t.Helper()
	path := filepath.Join(dir, c.path)
	text := c.text
	if c.old != "" {
		before, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(before), c.old) {
			t.Fatalf("%s does not hold %q:\n%s", c.path, c.old, before)
		}
		text = strings.Replace(string(before), c.old, c.text, 1)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}

func removeAll(t *testing.T, pattern string) {
	t.Helper()
	found, err := filepath.Glob(pattern)
	if err != nil || len(found) == 0 {
		t.Fatalf("nothing is like %s: %v", pattern, err)
	}
	for _, path := range found {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}

func check(t *testing.T, dir string) []snapshot.Finding {
	t.Helper()
	root, err := rootfs.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = root.Close() })
	lxc, err := profile.Load("lxc", os.ReadFile)
	if err != nil {
		t.Fatal(err)
	}
	s, err := snapshot.Open(snapshot.Options{Root: root, Ledger: "/var/lib/bootledger/state.db", Now: time.Now, Profile: lxc, Looking: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	findings, err := s.Check()
	if err != nil {
		t.Fatal(err)
	}
	return findings
}
