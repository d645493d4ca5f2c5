package sandbox

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"time"

	"github.com/gofrs/flock"
	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// disk is the data file. Three buckets: docs (key to JSON), changes (revision and
// key, so that another process reads only what changed) and meta.
//
// The file is opened for each batch and closed after it, because bbolt locks it
// as long as it is open. Processes take turns by a lock file: who waits for the
// data file holds the turn, so a busy server can not starve a command.
type disk struct {
	path  string
	turn  *flock.Flock
	epoch string            // of the file the state was read from
	seen  uint64            // revision the state stands at
	revs  map[string]uint64 // revision of each document
}

const (
	bucketDocs    = "docs"
	bucketChanges = "changes"
	bucketMeta    = "meta"
	metaEpoch     = "epoch"
	metaRevision  = "revision"

	// holdTimeout bounds the wait for other processes.
	holdTimeout = 30 * time.Second
	holdPause   = time.Millisecond
)

func openDisk(path string) (*disk, error) {
	d := &disk{path: path, turn: flock.New(path + ".turn"), revs: make(map[string]uint64)}
	h, err := d.hold(true)
	if err != nil {
		return nil, err
	}
	return d, h.release()
}

// held is the data file while this process holds it.
type held struct {
	*disk
	db *bolt.DB
}

// hold waits for the data file and opens it, with its buckets there.
func (d *disk) hold(write bool) (*held, error) {
	ctx, cancel := context.WithTimeout(context.Background(), holdTimeout)
	defer cancel()
	if _, err := d.turn.TryLockContext(ctx, holdPause); err != nil {
		return nil, fmt.Errorf("sandbox data file %s: waiting for other processes: %w", d.path, err)
	}
	db, err := d.open(ctx, write)
	if err := errors.Join(err, d.turn.Unlock()); err != nil {
		return nil, err
	}
	h := &held{d, db}
	if write {
		if err := h.prepare(); err != nil {
			return nil, errors.Join(err, h.release())
		}
	}
	return h, nil
}

// open tries again and again by itself: bbolt's own waiting pauses for 50 ms.
func (d *disk) open(ctx context.Context, write bool) (*bolt.DB, error) {
	for {
		db, err := bolt.Open(d.path, 0o600, &bolt.Options{ReadOnly: !write, Timeout: time.Millisecond})
		switch {
		case err == nil:
			return db, nil
		case !write && errors.Is(err, fs.ErrNotExist):
			// Somebody removed the file: start an empty one.
			if h, err := d.hold(true); err != nil {
				return nil, err
			} else if err := h.release(); err != nil {
				return nil, err
			}
		case !errors.Is(err, bolterrors.ErrTimeout):
			return nil, fmt.Errorf("sandbox data file %s: %w", d.path, err)
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("sandbox data file %s has been held by another program for %s", d.path, holdTimeout)
		case <-time.After(holdPause):
		}
	}
}

// prepare makes the buckets of a new file.
func (h *held) prepare() error {
	ready := false
	err := h.db.View(func(b *bolt.Tx) error {
		ready = b.Bucket([]byte(bucketMeta)) != nil
		return nil
	})
	if err != nil || ready {
		return err
	}
	return h.db.Update(makeBuckets)
}

func makeBuckets(b *bolt.Tx) error {
	for _, name := range []string{bucketDocs, bucketChanges, bucketMeta} {
		if _, err := b.CreateBucket([]byte(name)); err != nil {
			return err
		}
	}
	return b.Bucket([]byte(bucketMeta)).Put([]byte(metaEpoch), []byte(newUUID()))
}

func (h *held) release() error { return h.db.Close() }

// sync brings the state up to what other processes wrote. A nil state, or a file
// that is not the one it was read from, is read whole.
func (h *held) sync(st *state) (*state, error) {
	err := h.db.View(func(b *bolt.Tx) error {
		meta := b.Bucket([]byte(bucketMeta))
		if meta == nil {
			return errors.New("not a sandbox data file: it has no meta bucket")
		}
		epoch, revision := string(meta.Get([]byte(metaEpoch))), readRevision(meta)
		if st == nil || epoch != h.epoch || revision < h.seen {
			st, h.epoch, h.seen, h.revs = newState(), epoch, 0, make(map[string]uint64)
		}
		if revision == h.seen {
			return nil
		}
		err := h.readChanges(b, st)
		h.seen = revision
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("sandbox data file %s: %w", h.path, err)
	}
	return st, nil
}

func (h *held) readChanges(b *bolt.Tx, st *state) error {
	docs := b.Bucket([]byte(bucketDocs))
	changes := b.Bucket([]byte(bucketChanges)).Cursor()
	for k, _ := changes.Seek(changeKey(h.seen+1, "")); k != nil; k, _ = changes.Next() {
		key := string(k[8:])
		if err := st.load(key, docs.Get(k[8:])); err != nil {
			return fmt.Errorf("document %s: %w", key, err)
		}
		h.revs[key] = binary.BigEndian.Uint64(k)
	}
	return nil
}

// commit saves documents and returns once they are on disk.
func (h *held) commit(dirty map[string]any) error {
	if len(dirty) == 0 {
		return nil
	}
	revision := h.seen + 1
	err := h.db.Update(func(b *bolt.Tx) error {
		docs, changes := b.Bucket([]byte(bucketDocs)), b.Bucket([]byte(bucketChanges))
		for _, key := range slices.Sorted(maps.Keys(dirty)) {
			raw, err := encode(dirty[key])
			if err != nil {
				return err
			}
			if err := errors.Join(
				docs.Put([]byte(key), raw),
				changes.Delete(changeKey(h.revs[key], key)),
				changes.Put(changeKey(revision, key), nil),
			); err != nil {
				return err
			}
		}
		return b.Bucket([]byte(bucketMeta)).Put([]byte(metaRevision), changeKey(revision, ""))
	})
	if err != nil {
		return err
	}
	h.seen = revision
	for key := range dirty {
		h.revs[key] = revision
	}
	return nil
}

// wipe empties the file. Its new epoch tells other processes to forget.
func (d *disk) wipe() error {
	h, err := d.hold(true)
	if err != nil {
		return err
	}
	err = h.db.Update(func(b *bolt.Tx) error {
		for _, name := range []string{bucketDocs, bucketChanges, bucketMeta} {
			if err := b.DeleteBucket([]byte(name)); err != nil {
				return err
			}
		}
		return makeBuckets(b)
	})
	d.epoch = ""
	return errors.Join(err, h.release())
}

func changeKey(revision uint64, key string) []byte {
	return append(binary.BigEndian.AppendUint64(nil, revision), key...)
}

func readRevision(meta *bolt.Bucket) uint64 {
	if v := meta.Get([]byte(metaRevision)); len(v) == 8 {
		return binary.BigEndian.Uint64(v)
	}
	return 0
}
