package state_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/bootledger/bootledger/state"
	"github.com/bootledger/bootledger/state/statetest"
)

// BenchmarkTransaction measures Begin and Commit together, and the size of the
// ledger they make.
func BenchmarkTransaction(b *testing.B) {
	dir := statetest.Dir(b.TempDir())
	l := open(b, dir, state.Options{})
	n := 0
	for b.Loop() {
		run(b, l, n)
		n++
	}
	info, err := os.Stat(filepath.Join(string(dir), statetest.Name))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(info.Size())/float64(n), "B/transaction")
}

// BenchmarkOpen measures opening a ledger of 200 transactions.
func BenchmarkOpen(b *testing.B) {
	dir := newImage(b, 200).dir(b)
	for b.Loop() {
		l, err := state.Open(dir, statetest.Name, state.Options{ReadOnly: true})
		if err != nil {
			b.Fatal(err)
		}
		l.Close()
	}
}

func BenchmarkVerify(b *testing.B) {
	l := open(b, newImage(b, 200).dir(b), state.Options{ReadOnly: true})
	for b.Loop() {
		if problems, err := l.Verify(); len(problems) > 0 || err != nil {
			b.Fatal(problems, err)
		}
	}
}
