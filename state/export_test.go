package state

// What the tests of damaged files need to see.
var CheckPages = checkPages

const (
	MaxSize  = maxSize
	Headroom = headroom
)
