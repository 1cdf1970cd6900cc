package insserv

import (
	"fmt"
	"strings"
)

// maxOutput is how much of each stream is kept, in bytes.
const maxOutput = 64 << 10

// capped keeps the beginning of what is written to it.
type capped struct {
	text strings.Builder
	more int64
}

// Write never fails: what is too much is read and dropped.
func (c *capped) Write(p []byte) (int, error) {
	kept := min(len(p), maxOutput-c.text.Len())
	c.text.Write(p[:kept])
	c.more += int64(len(p) - kept)
	return len(p), nil
}

// String gives what was kept, as valid UTF-8, and how much more there was.
func (c *capped) String() string {
	text := strings.ToValidUTF8(c.text.String(), "?")
	if c.more > 0 {
		text += fmt.Sprintf("\n[%d more bytes were cut]\n", c.more)
	}
	return text
}
