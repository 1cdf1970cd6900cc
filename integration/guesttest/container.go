package guesttest

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// tick is the time between two looks at a guest's processes.
const tick = 10 * time.Millisecond

// config is the configuration of each guest. LXC's own default profile drops
// the same capabilities: with them a guest sets the host's clock.
const config = `lxc.net.0.type = empty
lxc.apparmor.profile = unconfined
lxc.mount.auto = proc:mixed sys:mixed
lxc.cap.drop = mac_admin mac_override sys_module sys_rawio sys_time
lxc.tty.max = 6
lxc.pty.max = 64
`

// container is a guest that runs under lxc-start, in the foreground.
type container struct {
	path   string // of LXC
	name   string
	init   int           // pid of the guest's init, 0 until it is known
	done   chan struct{} // closed when lxc-start has ended
	stderr bytes.Buffer  // of lxc-start, to be read when it has ended
}

// startContainer starts LXC on a root directory, with more settings than those
// of config, which win. The guest is killed when the
// test ends, at the latest.
func startContainer(ctx context.Context, t testing.TB, root, more string) *container {
	t.Helper()
	c := &container{path: t.TempDir(), name: "guest", done: make(chan struct{})}
	must(t, os.Mkdir(filepath.Join(c.path, c.name), 0o755))
	settings := config + more + "lxc.uts.name = " + c.name + "\nlxc.rootfs.path = dir:" + root + "\nlxc.console.logfile = " + c.file("console") + "\n"
	must(t, os.WriteFile(c.file("config"), []byte(settings), 0o644))

	cmd := c.command(ctx, "lxc-start", "--foreground")
	cmd.Stderr = &c.stderr
	must(t, cmd.Start())
	go func() {
		_ = cmd.Wait()
		close(c.done)
	}()
	t.Cleanup(func() {
		if !c.ended() {
			_ = c.command(context.Background(), "lxc-stop", "--kill").Run()
			<-c.done
		}
	})
	return c
}

func (c *container) file(name string) string { return filepath.Join(c.path, c.name, name) }

// command prepares one of LXC's programs.
func (c *container) command(ctx context.Context, program string, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, program, append([]string{"--lxcpath=" + c.path, "--name=" + c.name}, args...)...)
}

// attach runs a command inside the running guest.
func (c *container) attach(ctx context.Context, command ...string) (string, error) {
	out, err := c.command(ctx, "lxc-attach", append([]string{"--clear-env", "--"}, command...)...).CombinedOutput()
	return string(out), err
}

// wait looks at a condition until it holds, the guest ends, or the time is up.
func (c *container) wait(limit time.Duration, holds func() bool) bool {
	ticker, timer := time.NewTicker(tick), time.NewTimer(limit)
	defer ticker.Stop()
	defer timer.Stop()
	for !holds() {
		select {
		case <-ticker.C:
		case <-c.done:
			return holds()
		case <-timer.C:
			return false
		}
	}
	return true
}

// ended reports whether the guest is down.
func (c *container) ended() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// runs reports whether a process of that name runs in the guest.
func (c *container) runs(name string) bool { return slices.Contains(c.processes(), name) }

// processes gives the names of the processes in the guest's pid namespace,
// sorted. They are read from the host: nothing need run in the guest.
func (c *container) processes() []string {
	if c.init == 0 {
		out, err := c.command(context.Background(), "lxc-info", "--no-humanize", "--pid").Output()
		if err != nil {
			return nil
		}
		c.init, _ = strconv.Atoi(strings.TrimSpace(string(out)))
	}
	proc := func(pid, name string) string { return filepath.Join("/proc", pid, name) }
	namespace, err := os.Readlink(proc(strconv.Itoa(c.init), "ns/pid"))
	if err != nil {
		return nil
	}
	all, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil
	}
	var names []string
	for _, dir := range all {
		pid := filepath.Base(dir)
		if ns, err := os.Readlink(proc(pid, "ns/pid")); err != nil || ns != namespace {
			continue // of another guest, or gone already
		}
		if name, err := os.ReadFile(proc(pid, "comm")); err == nil {
			names = append(names, strings.TrimSpace(string(name)))
		}
	}
	slices.Sort(names)
	return names
}

// consoleLog gives what the guest has printed so far.
func (c *container) consoleLog(t testing.TB) []byte {
	t.Helper()
	log, err := os.ReadFile(c.file("console"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return log
}
