// Package bench times bootledger against what it stands beside: the real
// insserv, etckeeper, and what an administrator would type in a shell. Each
// benchmark runs both in turn and reports how many times as long bootledger
// takes:
//
//	go test -bench . ./integration/bench
//
// They need root and a guest, as the end-to-end tests do; without, they are
// skipped and say why.
package bench
