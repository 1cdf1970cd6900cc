package main

import (
	"io"
	"os"
	"testing"

	"github.com/bootledger/bootledger/integration/sample"
)

// BenchmarkPlan measures a whole call but for the start of the process.
func BenchmarkPlan(b *testing.B) {
	root := b.TempDir()
	if err := sample.Unpack(root, "squeeze-startpar"); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if code := run([]string{"--root=" + root, "plan"}, streams{in: os.Stdin, out: io.Discard, err: os.Stderr}); code != exitDone {
			b.Fatalf("exit code %d", code)
		}
	}
}
