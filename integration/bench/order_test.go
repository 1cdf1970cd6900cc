package bench

import (
	"fmt"
	"math"
	"path/filepath"
	"testing"
	"time"

	"github.com/bootledger/bootledger/boot/order"
	"github.com/bootledger/bootledger/integration/guesttest"
	"github.com/bootledger/bootledger/integration/ordertest"
)

// BenchmarkOrder compares the sequencer alone with insserv's dry run on the same
// tree, far larger than any guest's.
func BenchmarkOrder(b *testing.B) {
	root := guesttest.Build(b, "bookworm")
	rules, in := large(b, root, 3000)
	pair(b, nothing,
		func() { order.Run(rules, in, order.Call{}) },
		func() {
			run(b, 0, root, "insserv", "-n", "-p", "/tmp/3000/init.d", "-c", "/tmp/3000/conf", "-o", "/tmp/3000/overrides", "-i", "/tmp/3000/depend")
		},
	)
}

// BenchmarkOrderGrowth times the sequencer on trees of 100 to 10,000 scripts.
// "growth" is how much slower the last is than the first by the rule n log n: 1
// or less is no worse.
func BenchmarkOrderGrowth(b *testing.B) {
	root := guesttest.Build(b, "bookworm")
	sizes := []int{100, 1000, 3000, 10000}
	var inputs []order.Input
	var rules order.Rules
	for _, n := range sizes {
		r, in := large(b, root, n)
		rules, inputs = r, append(inputs, in)
	}
	fastest := make([]float64, len(sizes)) // ns a script
	for b.Loop() {
		for i, n := range sizes {
			began := time.Now()
			order.Run(rules, inputs[i], order.Call{})
			took := float64(time.Since(began)) / float64(n)
			if fastest[i] == 0 || took < fastest[i] {
				fastest[i] = took
			}
		}
	}
	b.ReportMetric(0, "ns/op")
	for i, n := range sizes {
		b.ReportMetric(fastest[i], fmt.Sprintf("ns/script-of-%d", n))
	}
	last := len(sizes) - 1
	b.ReportMetric(fastest[last]/fastest[0]/(math.Log(float64(sizes[last]))/math.Log(float64(sizes[0]))), "growth")
}

// large puts a tree of n scripts into /tmp of the guest.
func large(b *testing.B, root string, n int) (order.Rules, order.Input) {
	b.Helper()
	dir := filepath.Join(root, "tmp", fmt.Sprint(n))
	run(b, 0, root, "mkdir", "/tmp/"+filepath.Base(dir))
	if err := ordertest.Fan(n).Write(dir); err != nil {
		b.Fatal(err)
	}
	in, err := ordertest.Read(dir)
	if err != nil {
		b.Fatal(err)
	}
	rules, known := order.RulesFor(guesttest.Run(b, root, "dpkg-query", "-W", "-f", "${Version}", "insserv"))
	if !known {
		b.Fatal("the guest's insserv is not known")
	}
	return rules, in
}
