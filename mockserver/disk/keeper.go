package disk

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// FileName is the name of the file within its folder.
const FileName = "countersign.db"

// lockPatience is how long Open waits for another process to let go of the file.
const lockPatience = time.Second

// Errors that callers tell apart.
var (
	ErrBusy    = errors.New("another countersign uses it")
	ErrNoWorld = errors.New("no such world is kept")
	ErrTaken   = errors.New("a world of that name is kept already")
	ErrClosed  = errors.New("the file is closed")
	ErrDamaged = errors.New("the file is damaged")
)

// Error says that the disk would not take something.
type Error struct {
	Dir string
	Err error
}

func (e *Error) Error() string {
	return fmt.Sprintf("the data folder %s: %v", e.Dir, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// Keeper is an open file of worlds.
type Keeper struct {
	dir   string
	db    *bbolt.DB
	queue chan *pending
	done  chan struct{}
	// closing keeps Append from sending on a closed queue.
	closing sync.RWMutex
	closed  bool
}

// Open opens the file in a folder, and makes both if they are not there. Errors: *Error, with ErrBusy inside where
// another process has it.
func Open(dir string) (*Keeper, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, &Error{dir, err}
	}
	var db *bbolt.DB
	err := guarded(func() (err error) {
		db, err = bbolt.Open(filepath.Join(dir, FileName), 0o600, &bbolt.Options{Timeout: lockPatience, FreelistType: bbolt.FreelistMapType})
		if err == nil {
			err = db.Update(makeBuckets)
		}
		return err
	})
	if errors.Is(err, bolterrors.ErrTimeout) {
		err = ErrBusy
	}
	if err != nil {
		if db != nil {
			_ = guarded(db.Close)
		}
		return nil, &Error{dir, err}
	}
	k := &Keeper{dir: dir, db: db, queue: make(chan *pending, mostTogether), done: make(chan struct{})}
	go k.commitAll()
	return k, nil
}

// The top buckets: layers by number, worlds by name.
var (
	bucketLayers = []byte("layers")
	bucketWorlds = []byte("worlds")
)

func makeBuckets(tx *bbolt.Tx) error {
	for _, name := range [][]byte{bucketLayers, bucketWorlds} {
		if _, err := tx.CreateBucketIfNotExists(name); err != nil {
			return err
		}
	}
	return checkFormat(tx)
}

// format is the version of what the file holds.
const format = "1"

var keyFormat = []byte("format")

func checkFormat(tx *bbolt.Tx) error {
	meta, err := tx.CreateBucketIfNotExists([]byte("meta"))
	if err != nil {
		return err
	}
	switch got := meta.Get(keyFormat); {
	case got == nil:
		return meta.Put(keyFormat, []byte(format))
	case string(got) != format:
		return fmt.Errorf("it has the format %q, this countersign knows %q", got, format)
	}
	return nil
}

// Close waits for what was appended and closes the file.
func (k *Keeper) Close() error {
	k.closing.Lock()
	if k.closed {
		k.closing.Unlock()
		return nil
	}
	k.closed = true
	close(k.queue)
	k.closing.Unlock()
	<-k.done
	return k.db.Close()
}

// Dir is the folder of the file.
func (k *Keeper) Dir() string { return k.dir }
