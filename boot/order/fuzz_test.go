package order_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/bootledger/bootledger/boot/lsb"
	"github.com/bootledger/bootledger/boot/lsb/lsbtest"
	"github.com/bootledger/bootledger/boot/order"
)

// FuzzRun takes a text apart at form feeds: the configuration, then scripts.
func FuzzRun(f *testing.F) {
	script := func(fields string) string {
		return "### BEGIN INIT INFO\n" + fields + "\n### END INIT INFO\n"
	}
	f.Add("$local_fs +a\n<interactive> b\f"+script("# Provides: a\n# Required-Start: b $all\n# Default-Start: 2 S")+
		"\f"+script("# Provides: b a\n# Required-Start: a\n# X-Stop-After: c\n# Default-Stop: 0 6"), "-f s0 s1")
	f.Add("\f\f"+script("# Provides:"), "-d")
	for _, fields := range []string{
		"# Provides: p%d\n# Required-Start: p%d\n# Default-Start: 2",
		"# Provides: p%d\n# Required-Start: p%d $all\n# Required-Stop: $all\n# Default-Start: 2\n# Default-Stop: 0",
		"# Provides: p%d\n# Should-Start: p%d\n# X-Interactive: true\n# Default-Start: 2",
	} {
		text := ""
		for i := 0; len(text) < lsbtest.MaxInput-200; i++ {
			text += "\f" + script(fmt.Sprintf(fields, i, i*7%300))
		}
		f.Add(text, "-f")
		f.Add(text, "-f -r s1")
	}
	f.Add("\f"+script("# Provides: "+numbers(4000)+"\n# Required-Start: "+numbers(4000)+"\n# Default-Start: 2"), "s0")
	f.Add("\f"+script("# Required-Start: "+numbers(6000))+
		strings.Repeat("\f"+script("# X-Interactive: true\n# Default-Start: 2"), 300), "")
	f.Add("$f "+numbers(300)+strings.Repeat("\f"+script("# Required-Start: $f\n# Required-Stop: $f\n# Default-Start: 2\n# Default-Stop: 0"), 400), "")
	f.Fuzz(func(t *testing.T, text, arguments string) {
		if len(text)+len(arguments) > lsbtest.MaxInput {
			return
		}
		call, err := order.ParseArgs(strings.Fields(arguments))
		if err != nil {
			return
		}
		parts := strings.Split(text, "\f")
		in := order.Input{Conf: []byte(parts[0]), Links: map[lsb.Runlevel][]order.LinkEntry{}}
		for i, part := range parts[1:] {
			name := fmt.Sprintf("s%d", i)
			in.Scripts = append(in.Scripts, order.Script{Name: name, Regular: true, Executable: true, Text: []byte(part)})
			if len(part)%3 == 0 {
				in.Links['2'] = append(in.Links['2'], order.LinkEntry{Base: "S50" + name, Symlink: true, Target: "../init.d/" + name})
			}
		}
		for _, version := range []string{"1.12.0", "1.14.0-5", "1.24.0", "1.26.0"} {
			rules, _ := order.RulesFor(version)
			lsbtest.Quick(t, func() {
				if got := order.Run(rules, in, call).ExitCode; got != 0 && got != 1 {
					t.Errorf("%s: got exit code %d, want 0 or 1", version, got)
				}
			})
		}
	})
}

// numbers gives that many names.
func numbers(n int) string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprint(i)
	}
	return strings.Join(names, " ")
}

// BenchmarkRun orders chains and fans of scripts, all of them enabled.
func BenchmarkRun(b *testing.B) {
	rules, _ := order.RulesFor("1.24.0")
	for _, n := range []int{100, 1000, 3000, 10000} {
		in := order.Input{Links: map[lsb.Runlevel][]order.LinkEntry{}}
		for i := range n {
			name := fmt.Sprintf("s%d", i)
			text := fmt.Sprintf("### BEGIN INIT INFO\n# Provides: %s\n# Required-Start: s%d s%d\n# Required-Stop: s%d\n# Default-Start: 2 3 4 5\n# Default-Stop: 0 1 6\n### END INIT INFO\n",
				name, i/2, i/3, i/2)
			in.Scripts = append(in.Scripts, order.Script{Name: name, Regular: true, Executable: true, Text: []byte(text)})
			in.Links['2'] = append(in.Links['2'], order.LinkEntry{Base: "S01" + name, Symlink: true, Target: "../init.d/" + name})
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				if got := order.Run(rules, in, order.Call{}); got.ExitCode != 0 {
					b.Fatal(got.Messages)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/script")
		})
	}
}
