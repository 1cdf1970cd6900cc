package bench

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// etckeeperIn gives a call of this machine's etckeeper on a guest's /etc. Only
// "unclean", which asks whether there is something to commit, may answer no.
func etckeeperIn(b *testing.B, root string) func(words ...string) bool {
	b.Helper()
	etc := filepath.Join(root, "etc")
	return func(words ...string) bool {
		b.Helper()
		cmd := exec.Command("etckeeper", slices.Insert(words, 1, "-d", etc)...)
		cmd.Env = append(os.Environ(), "GIT_AUTHOR_NAME=root", "GIT_AUTHOR_EMAIL=root@localhost", "GIT_COMMITTER_NAME=root", "GIT_COMMITTER_EMAIL=root@localhost")
		out, err := cmd.CombinedOutput()
		if err != nil && words[0] != "unclean" {
			b.Fatalf("etckeeper %v: %v\n%s", words, err, out)
		}
		return err == nil
	}
}
