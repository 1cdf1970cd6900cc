package rootfs

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/bootledger/bootledger/boot/rootfs/rootfstest"
)

// holdLock names a file that this binary, started again, locks as dpkg does.
const holdLock = "ROOTFS_TEST_HOLD_LOCK"

func TestMain(m *testing.M) {
	if path := os.Getenv(holdLock); path != "" {
		os.Exit(holdUntilEOF(path))
	}
	os.Exit(m.Run())
}

func holdUntilEOF(path string) int {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err == nil {
		err = unix.FcntlFlock(f.Fd(), unix.F_SETLK, &unix.Flock_t{Type: unix.F_WRLCK})
	}
	if err != nil {
		fmt.Fprintln(os.Stdout, err)
		return 1
	}
	fmt.Fprintln(os.Stdout, "locked")
	bufio.NewReader(os.Stdin).ReadString('\n') //nolint:errcheck // until it is closed
	return 0
}

// otherProcess locks a file in another process, until it is released.
func otherProcess(t *testing.T, path string) (pid int, release func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), holdLock+"="+path)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "locked\n" {
		t.Fatalf("the other process says %q, %v", line, err)
	}
	return cmd.Process.Pid, func() {
		if err := errors.Join(in.Close(), cmd.Wait()); err != nil {
			t.Error(err)
		}
	}
}

func TestLock(t *testing.T) {
	guest := rootfstest.New(t, "file var/lib/dpkg/lock", "link var/lib/dpkg/link lock", "fifo var/lib/dpkg/fifo", "dir var/lib/dpkg/dir")
	host := filepath.Join(guest, "var/lib/dpkg/lock")
	const path = "/var/lib/dpkg/lock"
	r := open(t, guest)

	pid, release := otherProcess(t, host)
	began := time.Now()
	_, err := r.Lock(path, 100*time.Millisecond)
	if !errors.Is(err, ErrBusy) || !strings.HasSuffix(err.Error(), fmt.Sprintf(" %d", pid)) {
		t.Errorf("held by process %d: got %v", pid, err)
	}
	if waited := time.Since(began); waited < 100*time.Millisecond {
		t.Errorf("waited only %v", waited)
	}
	time.AfterFunc(50*time.Millisecond, release)
	unlock, err := r.Lock(path, time.Minute)
	if err != nil {
		t.Fatalf("after the holder left: %v", err)
	}
	if _, err := r.Lock(path, 0); !errors.Is(err, ErrBusy) {
		t.Errorf("locked by ourselves: got %v, want ErrBusy", err)
	}
	if err := unlock(); err != nil {
		t.Error(err)
	}
	_, release = otherProcess(t, host)
	release()

	for _, missing := range []string{"/var/lib/dpkg/missing", "/missing/lock"} {
		unlock, err := r.Lock(missing, 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := unlock(); err != nil {
			t.Error(err)
		}
	}
	for _, other := range []string{"link", "fifo", "dir"} {
		if _, err := r.Lock("/var/lib/dpkg/"+other, time.Minute); !errors.Is(err, ErrNotRegular) {
			t.Errorf("%s: got %v, want ErrNotRegular", other, err)
		}
	}
	if _, err := r.Lock("lock", 0); !errors.Is(err, ErrOutside) {
		t.Errorf("a relative path: got %v, want ErrOutside", err)
	}
}

// TestLockOfReplacedFile holds that the lock is on the file that others find.
func TestLockOfReplacedFile(t *testing.T) {
	guest := rootfstest.New(t, "file lock", "file other")
	r := open(t, guest)
	d, err := r.readable(".")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	f, err := openat(d, "lock", unix.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := os.Rename(filepath.Join(guest, "other"), filepath.Join(guest, "lock")); err != nil {
		t.Fatal(err)
	}
	if err := lockOpen(d, "lock", f); !errors.Is(err, ErrBusy) {
		t.Errorf("got %v, want ErrBusy", err)
	}
}
