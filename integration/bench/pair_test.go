package bench

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/bootledger/bootledger/integration/guesttest"
)

// pair times ours and theirs in turn and reports the median of each in
// milliseconds, and the median of the ratios of the pairs. Both start from what
// reset leaves, which is not timed.
func pair(b *testing.B, reset, ours, theirs func()) {
	b.Helper()
	var times [2][]float64
	var ratios []float64
	for b.Loop() {
		var took [2]float64
		for i, run := range []func(){ours, theirs} {
			reset()
			began := time.Now()
			run()
			took[i] = float64(time.Since(began)) / float64(time.Millisecond)
			times[i] = append(times[i], took[i])
		}
		ratios = append(ratios, took[0]/took[1])
	}
	b.ReportMetric(0, "ns/op") // the sum of both says nothing
	b.ReportMetric(median(times[0]), "ours-ms")
	b.ReportMetric(median(times[1]), "theirs-ms")
	b.ReportMetric(median(ratios), "ratio")
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// guest gives a fresh Debian 12 guest with bootledger in it.
func guest(b *testing.B) string {
	b.Helper()
	root := guesttest.Build(b, "bookworm")
	program := filepath.Join(root, "usr/local/sbin/bootledger")
	build := exec.Command("go", "build", "-buildvcs=false", "-trimpath", "-ldflags", "-s -w", "-o", program, "../../cmd/bootledger")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("cannot build bootledger: %v\n%s", err, out)
	}
	return root
}

// run runs a command inside the guest. Both sides pay for the chroot. It has to
// exit with code.
func run(b *testing.B, code int, root string, words ...string) {
	b.Helper()
	cmd := exec.Command("chroot", append([]string{root}, words...)...)
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != code {
		b.Fatalf("%v: %v, want exit code %d\n%s", words, err, code, out)
	}
}
