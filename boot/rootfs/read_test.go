package rootfs

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/bootledger/bootledger/boot/rootfs/rootfstest"
)

const helloSum = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

func TestStat(t *testing.T) {
	guest := rootfstest.New(t, "dir etc 2755", "file etc/x 4751 hello", "link etc/l ../missing", "fifo etc/f 0600", "link abs /etc")
	when := time.Date(2011, 2, 3, 4, 5, 6, 789, time.UTC)
	for _, name := range []string{"etc/x", "etc/l", "etc/f", "etc"} {
		setTime(t, filepath.Join(guest, name), when)
	}
	r := open(t, guest)
	tests := []struct {
		path string
		want Entry
	}{
		{"/etc", Entry{Type: Dir, Mode: 0o2755, MTime: when}},
		{"/etc/x", Entry{Type: File, Mode: 0o4751, MTime: when, Size: 5}},
		{"/abs/x", Entry{Type: File, Mode: 0o4751, MTime: when, Size: 5}},
		{"/etc/l", Entry{Type: Symlink, Mode: 0o777, MTime: when, Target: "../missing"}},
		{"/etc/f", Entry{Type: Other, Mode: 0o644, MTime: when}},
	}
	for _, tt := range tests {
		got, err := r.Stat(tt.path)
		if err != nil {
			t.Errorf("%s: %v", tt.path, err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: -want +got\n%s", tt.path, diff)
		}
	}
	if got, err := r.Stat("/"); err != nil || got.Type != Dir {
		t.Errorf("/: got %v, %v, want a directory", got, err)
	}
	for path, want := range map[string]error{
		"/etc/y": fs.ErrNotExist, "/missing/y": fs.ErrNotExist, "/etc/x/y": syscall.ENOTDIR, "etc": ErrOutside, "/etc/..": ErrOutside,
	} {
		if _, err := r.Stat(path); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", path, err, want)
		}
	}
}

func setTime(t *testing.T, path string, when time.Time) {
	t.Helper()
	ts := unix.NsecToTimespec(when.UnixNano())
	if err := unix.UtimesNanoAt(unix.AT_FDCWD, path, []unix.Timespec{ts, ts}, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		t.Fatal(err)
	}
}

func TestOwners(t *testing.T) {
	needRoot(t, "gives files away")
	guest := rootfstest.New(t, "file a", "file b", "file c", "owner a 100000 100000", "owner b 100033 100005", "owner c 0 99999", "owner . 100000 100000")
	r := open(t, guest)
	for path, want := range map[string][2]int{"/a": {0, 0}, "/b": {33, 5}, "/c": {nobody, nobody}} {
		e, err := r.Stat(path)
		if got := [2]int{e.UID, e.GID}; err != nil || got != want {
			t.Errorf("%s: got %v, %v, want %v", path, got, err, want)
		}
	}
}

// TestRead holds what may and may not be read, and that nothing blocks.
func TestRead(t *testing.T) {
	guest, _ := plant(t)
	rootfstest.Build(t, guest, "file etc/hello 0640 hello", "link etc/tohello hello", "link etc/absolute /rel/tohello",
		"sparse etc/sparse 1099511627776", "link etc/tofifo fifo", "link etc/todir rc2.d", "link etc/torc ../lib/init/rc",
		"link etc/dots ..", "link etc/slash /etc/", "link etc/lexical ../deep/../hello", `link etc/newline "a\nb"`)
	r := open(t, guest)
	tests := []struct {
		path    string
		content string
		err     error // of Read
		through error // of ReadThrough
	}{
		{"/etc/hello", "hello", nil, nil},
		{"/abs/hello", "hello", nil, nil},
		{"/up/etc/hello", "hello", nil, nil},
		{"/lib/init/rc", "rc", nil, nil},
		{"/etc/torc", "rc", ErrNotRegular, nil},
		{"/etc/tohello", "hello", ErrNotRegular, nil},
		{"/etc/absolute", "hello", ErrNotRegular, nil},
		{"/etc/lexical", "hello", ErrNotRegular, nil},
		{"/etc/rc3.d/S01x", "x", nil, nil},
		{"/etc/sparse", "", ErrTooLarge, ErrTooLarge},
		{"/etc/fifo", "", ErrNotRegular, ErrNotRegular},
		{"/etc/tofifo", "", ErrNotRegular, ErrNotRegular},
		{"/etc/socket", "", ErrNotRegular, ErrNotRegular},
		{"/etc", "", ErrNotRegular, ErrNotRegular},
		{"/", "", ErrNotRegular, ErrNotRegular},
		{"/etc/todir", "", ErrNotRegular, ErrNotRegular},
		{"/etc/dots", "", ErrNotRegular, ErrNotRegular},
		{"/etc/slash", "", ErrNotRegular, ErrNotRegular},
		{"/loop", "", ErrNotRegular, syscall.ELOOP},
		{"/loop1", "", ErrNotRegular, syscall.ELOOP},
		{"/loop/x", "", syscall.ELOOP, syscall.ELOOP},
		{"/dangling", "", ErrNotRegular, fs.ErrNotExist},
		{"/etc/newline", "", ErrNotRegular, fs.ErrNotExist},
		{"/host", "", ErrNotRegular, fs.ErrNotExist},
		{"/host/canary", "", fs.ErrNotExist, fs.ErrNotExist},
		{"/etc/host/rc2.d/S01x", "", fs.ErrNotExist, fs.ErrNotExist},
		{"/etc/missing", "", fs.ErrNotExist, fs.ErrNotExist},
		{"../etc/hello", "", ErrOutside, ErrOutside},
	}
	began := time.Now()
	for _, tt := range tests {
		for _, way := range []struct {
			name string
			read func(string, int64) (Entry, []byte, error)
			err  error
		}{{"Read", r.Read, tt.err}, {"ReadThrough", r.ReadThrough, tt.through}} {
			e, content, err := way.read(tt.path, 100)
			if !errors.Is(err, way.err) {
				t.Errorf("%s(%s): got %v, want %v", way.name, tt.path, err, way.err)
			}
			if err != nil {
				continue
			}
			if string(content) != tt.content || e.Type != File || e.Size != int64(len(content)) || len(e.SHA256) != 64 {
				t.Errorf("%s(%s): got %q, %v, want %q", way.name, tt.path, content, e, tt.content)
			}
		}
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("reading a small tree took %v", took)
	}
	if e, _, err := r.Read("/etc/hello", 5); err != nil || e.SHA256 != helloSum || e.Mode != 0o640 {
		t.Errorf("at the limit: got %v, %v", e, err)
	}
	if _, _, err := r.Read("/etc/hello", 4); !errors.Is(err, ErrTooLarge) {
		t.Errorf("above the limit: got %v, want ErrTooLarge", err)
	}
}

func TestReadDevice(t *testing.T) {
	needRoot(t, "makes a device")
	guest := rootfstest.New(t, "device etc/null 1 3", "device etc/zero 1 5", "link etc/l zero")
	r := open(t, guest)
	for _, path := range []string{"/etc/null", "/etc/zero", "/etc/l"} {
		if _, _, err := r.ReadThrough(path, 10); !errors.Is(err, ErrNotRegular) {
			t.Errorf("%s: got %v, want ErrNotRegular", path, err)
		}
	}
}

// TestReadOnce holds what an open finds that a look before did not: somebody put
// another thing there in between.
func TestReadOnce(t *testing.T) {
	guest := rootfstest.New(t, "fifo fifo", "dir dir", "socket socket", "link link fifo", "sparse sparse 1099511627776")
	r := open(t, guest)
	for name, want := range map[string]error{
		"fifo": ErrNotRegular, "dir": ErrNotRegular, "socket": ErrNotRegular, "link": ErrNotRegular, "sparse": ErrTooLarge, "none": fs.ErrNotExist,
	} {
		if _, _, err := r.readOnce(r.dir, name, 10); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", name, err, want)
		}
	}
}

// TestReadLeased holds that a lease on a file delays nobody.
func TestReadLeased(t *testing.T) {
	guest := rootfstest.New(t, "file x 0644 x")
	f, err := os.OpenFile(filepath.Join(guest, "x"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_WRLCK); err != nil {
		t.Skip("no leases here: ", err)
	}
	began := time.Now()
	if _, _, err := open(t, guest).Read("/x", 10); !errors.Is(err, syscall.EAGAIN) {
		t.Errorf("got %v, want EAGAIN", err)
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("took %v", took)
	}
}

// TestReadMoving holds that what is read while somebody writes is one of his
// versions, or none.
func TestReadMoving(t *testing.T) {
	guest := rootfstest.New(t, "file x")
	r := open(t, guest)
	path := filepath.Join(guest, "x")
	versions := [][]byte{bytes.Repeat([]byte("a"), 200_000), bytes.Repeat([]byte("b"), 100_000)}
	n := 0
	stop := rootfstest.Repeat(func() {
		n++
		next := path + ".new"
		if err := os.WriteFile(next, versions[n%2], 0o600); err != nil {
			t.Error(err)
		}
		if err := os.Rename(next, path); err != nil {
			t.Error(err)
		}
	})
	for range 500 {
		e, content, err := r.Read("/x", 1<<20)
		switch {
		case errors.Is(err, ErrChanged):
		case err != nil:
			t.Fatal(err)
		case e.Size != int64(len(content)):
			t.Fatalf("entry and content differ: %d and %d bytes", e.Size, len(content))
		case len(content) > 0 && !bytes.Equal(content, versions[0]) && !bytes.Equal(content, versions[1]):
			t.Fatalf("got a mixture of %d bytes", len(content))
		}
	}
	stop()
}

func TestReadDir(t *testing.T) {
	names := []string{"a\nb", "\x1b[31mred", "not\xffUTF-8", "with space", "-rf", "..."}
	guest := rootfstest.New(t, "link abs /etc", "link tolist etc/list", "dir empty", "file etc/x")
	for _, name := range names {
		rootfstest.Build(t, guest, fmt.Sprintf("file %q", "etc/list/"+name))
	}
	r := open(t, guest)
	for _, path := range []string{"/etc/list", "/abs/list"} {
		got, err := r.ReadDir(path, len(names))
		if err != nil {
			t.Errorf("%s: %v", path, err)
		}
		slices.Sort(got)
		want := slices.Sorted(slices.Values(names))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: -want +got\n%s", path, diff)
		}
	}
	if got, err := r.ReadDir("/empty", 0); err != nil || len(got) != 0 {
		t.Errorf("/empty: got %v, %v", got, err)
	}
	if got, err := r.ReadDir("/", 10); err != nil || len(got) != 4 {
		t.Errorf("/: got %v, %v, want 4 names", got, err)
	}
	for path, want := range map[string]error{
		"/missing": fs.ErrNotExist, "/etc/x": syscall.ENOTDIR, "/tolist": syscall.ENOTDIR, "/etc/list": ErrTooMany, "etc": ErrOutside,
	} {
		if _, err := r.ReadDir(path, len(names)-1); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", path, err, want)
		}
	}
}

// TestReadDirOrder holds that names come as the directory keeps them.
func TestReadDirOrder(t *testing.T) {
	guest := rootfstest.New(t, "dir d")
	for i := range 700 {
		rootfstest.Build(t, guest, fmt.Sprintf("link d/%s x", strings.Repeat("n", i%50)+fmt.Sprint(i)))
	}
	f, err := os.Open(filepath.Join(guest, "d"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	want, err := f.Readdirnames(-1)
	if err != nil {
		t.Fatal(err)
	}
	got, err := open(t, guest).ReadDir("/d", 700)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// TestReadAll shows that it gives what ReadDir, Stat and Read give one by one.
func TestReadAll(t *testing.T) {
	r := open(t, rootfstest.New(t, "file etc/plain 0640 hello", "file etc/empty 0644", "file etc/large 0644 0123456789abcdef",
		"link etc/link ../elsewhere", "dir etc/sub 0711", "fifo etc/pipe 0600"))
	dir, items, err := r.ReadAll("/etc", 10, 15)
	if err != nil {
		t.Fatal(err)
	}
	names, err := r.ReadDir("/etc", 10)
	if err != nil {
		t.Fatal(err)
	}
	etc, err := r.Stat("/etc")
	if diff := cmp.Diff(etc, dir); err != nil || diff != "" {
		t.Errorf("/etc: %v (-want +got):\n%s", err, diff)
	}
	var got []string
	for _, item := range items {
		got = append(got, item.Name)
		path := "/etc/" + item.Name
		alone, err := r.ReadItem(path, 15)
		if diff := cmp.Diff(item.Entry, alone.Entry); err != nil || diff != "" || !bytes.Equal(item.Content, alone.Content) || fmt.Sprint(item.Err) != fmt.Sprint(alone.Err) {
			t.Errorf("%s alone: %v, %+v", path, err, alone)
		}
		want, err := r.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		var content []byte
		var readErr error
		if want.Type == File {
			var read Entry
			if read, content, readErr = r.Read(path, 15); readErr == nil {
				want = read
			}
		}
		if diff := cmp.Diff(want, item.Entry); diff != "" {
			t.Errorf("%s: entry (-want +got):\n%s", path, diff)
		}
		if !bytes.Equal(item.Content, content) {
			t.Errorf("%s: got content %q, want %q", path, item.Content, content)
		}
		if fmt.Sprint(item.Err) != fmt.Sprint(readErr) {
			t.Errorf("%s: got error %v, want %v", path, item.Err, readErr)
		}
	}
	if diff := cmp.Diff(names, got); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	if _, _, err := r.ReadAll("/etc", 3, 15); !errors.Is(err, ErrTooMany) {
		t.Errorf("limit 3: got %v, want %v", err, ErrTooMany)
	}
}
