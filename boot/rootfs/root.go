package rootfs

import (
	"errors"
	"fmt"
	"math"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// Root is the root directory of one guest. Its methods may be called from
// several goroutines at once.
type Root struct {
	name     string
	dir      *os.File
	uid, gid uint32 // host ids that own dir
	live     bool

	mu      sync.Mutex
	changed []*os.File // directories changed since the last Sync, in order
	failed  error      // of every Sync so far
}

// Open opens the guest whose root directory is dir, a path of the host that may
// hold symlinks. Errors wrap what the kernel said: fs.ErrNotExist, ENOTDIR.
func Open(dir string) (*Root, error) {
	f, err := os.OpenFile(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("cannot open guest %s: %w", Quote(dir), bare(err))
	}
	r := &Root{name: dir, dir: f}
	if err := r.identify(); err != nil {
		return nil, fmt.Errorf("cannot open guest %s: %w", Quote(dir), errors.Join(err, f.Close()))
	}
	return r, nil
}

func (r *Root) identify() error {
	st, err := fstat(r.dir)
	if err != nil {
		return err
	}
	r.uid, r.gid = st.Uid, st.Gid
	var own unix.Stat_t
	if err := retry(func() error { return unix.Stat("/", &own) }); err != nil {
		return err
	}
	r.live = own.Dev == st.Dev && own.Ino == st.Ino
	return nil
}

// Close releases the guest. What was not synced is not synced by it.
func (r *Root) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	err := r.dir.Close()
	for _, d := range r.changed {
		err = errors.Join(err, d.Close())
	}
	r.changed = nil
	return err
}

// Name is the directory as it was given to Open.
func (r *Root) Name() string { return r.name }

// Live reports whether the guest's root is the root directory of this process:
// it works on the system it runs in.
func (r *Root) Live() bool { return r.live }

// Owner gives the ids, as the host sees them, that own the guest's root
// directory. They are 0 in the guest; every id of the guest is the host's less
// these.
func (r *Root) Owner() (uid, gid int) { return int(r.uid), int(r.gid) }

// nobody is what the kernel shows for ids without a name in a user namespace.
const nobody = 65534

// guestID gives the guest's id for one of the host. What the guest cannot own
// is nobody's.
func guestID(host, base uint32) int {
	if host < base || host-base > math.MaxInt32 {
		return nobody
	}
	return int(host - base)
}

// hostID gives the host's id for one of the guest. In a guest with ids of its
// own nobody is refused: it may stand for an owner outside the guest.
func hostID(guest int, base uint32) (uint32, error) {
	if guest < 0 || guest == nobody && base != 0 || int64(guest)+int64(base) >= math.MaxUint32 {
		return 0, fmt.Errorf("id %d is not one that the guest can give away", guest)
	}
	return uint32(guest) + base, nil
}
