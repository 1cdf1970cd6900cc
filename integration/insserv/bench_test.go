package insserv

import (
	"testing"

	"github.com/bootledger/bootledger/snapshot"
)

// BenchmarkRun compares what one call costs.
func BenchmarkRun(b *testing.B) {
	engine, native := engines(b, "/")
	tree := sampleTree(b)
	for _, engine := range []snapshot.Engine{engine, native} {
		b.Run(engine.Name(), func(b *testing.B) {
			for b.Loop() {
				if _, err := engine.Run(b.Context(), tree, []string{"-f", "-r", "udev"}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
