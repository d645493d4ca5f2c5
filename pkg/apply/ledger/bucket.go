package ledger

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/smithy-go"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"github.com/portctl/portctl/pkg/apply/panics"
)

// Bucket is a store in a bucket of S3 or of something that speaks as S3 does: one
// object for every record, named as its key. Many machines may share it, and it
// is safe for use by many goroutines.
//
// Exactly one creator of a record wins because the object is written with
// If-None-Match. A server that ignores this header is found out before the first
// record and not used.
type Bucket struct {
	objects *objects
	place   string
	timeout time.Duration // of one operation; of one page when listing

	// proven holds a token for the goroutine that may ask whether the store keeps
	// its promise, and is closed when it does.
	proven chan struct{}
}

var _ Store = (*Bucket)(nil)

const (
	// patience bounds every operation, so that a bucket without an answer stops a
	// purchase and does not hang it.
	patience = 30 * time.Second
	// firstPause and lastPause bound the waits after answers that say "busy, ask
	// again".
	firstPause = 50 * time.Millisecond
	lastPause  = time.Second
	// probeKey is the object that is never overwritten; no record's key begins
	// with a dot.
	probeKey = ".portctl-never-overwritten"
	// writeMark is the metadata that tells one write from all others: the answer
	// to a write may be lost, and the client then writes again by itself.
	writeMark = "portctl-write"
)

// OpenBucket opens the bucket of a URL; see [OpenStore] for its form. It asks the
// bucket for a listing, so that a wrong name and missing rights are told at once.
// Credentials come from where all tools of AWS look for them.
func OpenBucket(ctx context.Context, rawURL string) (*Bucket, error) {
	where, err := parsePlace(rawURL)
	if err != nil {
		return nil, err
	}
	if where.bucket == "" {
		return nil, badPlace("that is no bucket")
	}
	return openBucket(ctx, where)
}

func openBucket(ctx context.Context, where place) (*Bucket, error) {
	o, err := openObjects(ctx, where)
	if err != nil {
		return nil, bucketError(ctx, "open the bucket", where.String(), err)
	}
	b := &Bucket{objects: o, place: where.String(), timeout: patience, proven: make(chan struct{}, 1)}
	b.proven <- struct{}{}
	ctx, cancel := b.deadline(ctx)
	defer cancel()
	if _, _, err := o.page(ctx, "", 1, nil); err != nil {
		return nil, b.failed(ctx, "open the bucket", err)
	}
	return b, nil
}

// Place is the URL of the bucket.
func (b *Bucket) Place() string { return b.place }

// Close does nothing: nothing is held open. Locks stay: they belong to the run.
func (b *Bucket) Close() error { return nil }

// Create writes a record that must not exist yet; see [Store].
func (b *Bucket) Create(ctx context.Context, key string, content []byte) error {
	if err := mayBegin(ctx, checkKey(key)); err != nil {
		return err
	}
	return b.create(ctx, "create "+key, key, content)
}

func (b *Bucket) create(ctx context.Context, did, key string, content []byte) error {
	ctx, cancel := b.deadline(ctx)
	defer cancel()
	err := b.prove(ctx)
	if err == nil {
		err = b.win(ctx, key, content)
	}
	if errors.Is(err, ErrExists) {
		return fmt.Errorf("%w: %s in %s", ErrExists, key, b.place)
	}
	return b.failed(ctx, did, err)
}

// win writes an object unless there is one, or fails with ErrExists. It asks
// again as long as the store is busy with another writer of the key.
func (b *Bucket) win(ctx context.Context, key string, content []byte) error {
	mark := uuid.NewString()
	for pause := firstPause; ; pause *= 2 {
		err := b.objects.put(ctx, key, content, mark)
		busy := busyCode(apiCode(err))
		if apiCode(err) == existsCode {
			err = b.whose(ctx, key, mark)
			// What stood in the way is gone, as a lock may be.
			busy = apiCode(err) == notFoundCode
		}
		if !busy || pause > lastPause {
			return err
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// whose is nil when the object that is there is ours: written by an earlier
// attempt whose answer was lost.
func (b *Bucket) whose(ctx context.Context, key, mark string) error {
	there, err := b.objects.mark(ctx, key)
	if err != nil {
		return err
	}
	if there != mark {
		return ErrExists
	}
	return nil
}

// prove makes sure, once, that the store refuses to overwrite: one that takes a
// second write for good would let two runs win one claim.
func (b *Bucket) prove(ctx context.Context) error {
	select {
	case _, open := <-b.proven:
		if !open {
			return nil
		}
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := b.refusesTwice(ctx); err != nil {
		b.proven <- struct{}{}
		return err
	}
	close(b.proven)
	return nil
}

func (b *Bucket) refusesTwice(ctx context.Context) error {
	// Mostly the object is there from an earlier run and one try is enough.
	for range 2 {
		err := b.objects.put(ctx, probeKey, []byte(`{"note":"portctl tries to overwrite this to see that it cannot"}`), uuid.NewString())
		if apiCode(err) == existsCode {
			_, err := b.objects.mark(ctx, probeKey)
			return err
		}
		if err != nil {
			return err
		}
	}
	return errOverwrites
}

// errOverwrites says that a store does not know conditional writes.
var errOverwrites = errors.New("it overwrites existing objects (it ignores If-None-Match), so two runs could both win one claim")

// Read returns a record, or ErrNotFound.
func (b *Bucket) Read(ctx context.Context, key string) ([]byte, error) {
	if err := mayBegin(ctx, checkKey(key)); err != nil {
		return nil, err
	}
	return b.read(ctx, key)
}

func (b *Bucket) read(ctx context.Context, key string) ([]byte, error) {
	ctx, cancel := b.deadline(ctx)
	defer cancel()
	content, err := b.objects.get(ctx, key)
	if apiCode(err) == missingCode {
		return nil, fmt.Errorf("%w: %s in %s", ErrNotFound, key, b.place)
	}
	return content, b.failed(ctx, "read "+key, err)
}

// List returns the keys that begin with the prefix, sorted. Objects that are not
// records are passed over.
func (b *Bucket) List(ctx context.Context, prefix string) ([]string, error) {
	if err := mayBegin(ctx, checkPrefix(prefix)); err != nil {
		return nil, err
	}
	var keys []string
	var token *string
	for {
		page, next, err := b.page(ctx, prefix, token)
		if err != nil {
			return nil, err
		}
		for _, key := range page {
			if isRecordKey(key) {
				keys = append(keys, key)
			}
		}
		if token = next; token == nil {
			break
		}
	}
	slices.Sort(keys)
	return keys, nil
}

// ListBut is List but for some folders. Where these are most of what there is, the names
// of the folders are listed, and then the others one by one.
func (b *Bucket) ListBut(ctx context.Context, prefix string, folders map[string]bool) (keys, passed []string, err error) {
	if err := mayBegin(ctx, checkPrefix(prefix)); err != nil {
		return nil, nil, err
	}
	if len(folders) < fewFolders {
		return b.listAllBut(ctx, prefix, folders)
	}
	keys, there, err := b.folders(ctx, prefix)
	if err != nil {
		return nil, nil, err
	}
	var others []string
	for _, name := range there {
		if folders[name] {
			passed = append(passed, name)
		} else {
			others = append(others, name)
		}
	}
	if len(others) > len(there)/foldersPerPage {
		return b.listAllBut(ctx, prefix, folders)
	}
	lists := make([][]string, len(others))
	g, gctx := panics.WithContext(ctx, 16)
	for i, name := range others {
		g.Go(func() (err error) { lists[i], err = b.List(gctx, prefix+name+"/"); return err })
	}
	if err := g.Wait(); err != nil {
		return nil, nil, err
	}
	keys = slices.Concat(append(lists, keys)...)
	slices.Sort(keys)
	return keys, passed, nil
}

// A listing of all keys is as fast as one of the folders as long as there are few, or when
// there is more than one other folder for each page of what is passed over.
const (
	fewFolders     = 300
	foldersPerPage = 300
)

// listAllBut lists everything and leaves some of it out.
func (b *Bucket) listAllBut(ctx context.Context, prefix string, folders map[string]bool) (keys, passed []string, err error) {
	all, err := b.List(ctx, prefix)
	for _, key := range all {
		name, _, inFolder := strings.Cut(strings.TrimPrefix(key, prefix), "/")
		switch {
		case !inFolder || !folders[name]:
			keys = append(keys, key)
		case len(passed) == 0 || passed[len(passed)-1] != name:
			passed = append(passed, name)
		}
	}
	slices.Sort(passed) // a folder's slash may sort after the end of another's name
	return keys, slices.Compact(passed), err
}

// folders lists the keys and the names of the folders right below a prefix.
func (b *Bucket) folders(ctx context.Context, prefix string) (keys, names []string, err error) {
	var token *string
	for {
		page, err := b.folderPage(ctx, prefix, token)
		if err != nil {
			return nil, nil, err
		}
		for _, key := range page.keys {
			if isRecordKey(key) {
				keys = append(keys, key)
			}
		}
		for _, folder := range page.folders {
			if name := strings.TrimSuffix(strings.TrimPrefix(folder, prefix), "/"); checkSegment(name) == nil {
				names = append(names, name)
			}
		}
		if token = page.next; token == nil {
			return keys, names, nil
		}
	}
}

func (b *Bucket) folderPage(ctx context.Context, prefix string, token *string) (objectPage, error) {
	ctx, cancel := b.deadline(ctx)
	defer cancel()
	page, err := b.objects.list(ctx, prefix, "/", pageSize, token)
	return page, b.failed(ctx, "list "+quoteKey(prefix), err)
}

// pageSize is the most that S3 lists at one time.
const pageSize = 1000

func (b *Bucket) page(ctx context.Context, prefix string, token *string) ([]string, *string, error) {
	ctx, cancel := b.deadline(ctx)
	defer cancel()
	page, next, err := b.objects.page(ctx, prefix, pageSize, token)
	return page, next, b.failed(ctx, "list "+quoteKey(prefix), err)
}

// Lock takes the lock of a name. It outlives the process: nothing but Release and
// Unlock ends it, and nobody takes it over by himself.
func (b *Bucket) Lock(ctx context.Context, name string, h Holder) (Lock, error) {
	if err := mayBegin(ctx, checkLock(name, h)); err != nil {
		return nil, err
	}
	content, err := json.Marshal(h, jsontext.Multiline(true))
	if err != nil {
		return nil, fmt.Errorf("ledger: holder of the lock: %w", err)
	}
	const tries = 3 // the holder may release between our write and our read
	for range tries {
		err = b.create(ctx, "take the lock "+name, lockKey(name), content)
		if !errors.Is(err, ErrExists) {
			break
		}
		holder, readErr := b.holder(ctx, name)
		if readErr == nil {
			return nil, &LockedError{Holder: holder, Breakable: true}
		}
		if !errors.Is(readErr, ErrNotFound) {
			return nil, readErr
		}
	}
	if err != nil {
		return nil, err
	}
	return &bucketLock{store: b, name: name, run: h.Run}, nil
}

func lockKey(name string) string { return lockFolder + "/" + name + ".json" }

// holder reads who holds a lock, or fails with ErrNotFound.
func (b *Bucket) holder(ctx context.Context, name string) (Holder, error) {
	content, err := b.read(ctx, lockKey(name))
	if err != nil {
		return Holder{}, err
	}
	var h Holder
	if err := json.Unmarshal(content, &h); err != nil || h.Run == "" {
		return Holder{}, &storeError{
			did: "read the lock " + name, place: b.place,
			err:  errors.Join(err, errors.New("it does not name its holder")),
			text: "it does not name its holder",
			hint: "when no portctl uses this ledger, delete the object " + lockKey(name),
		}
	}
	return h, nil
}

// Unlock breaks the lock of a name when its holder's run is the one given.
func (b *Bucket) Unlock(ctx context.Context, name, run string) error {
	if err := mayBegin(ctx, checkLockName(name)); err != nil {
		return err
	}
	return b.unlock(ctx, name, run)
}

// unlock deletes the lock of a run. S3 cannot compare and delete in one step:
// between the two, the run itself may release and another take the lock. What a
// lock lost so can cost is confusion; claims decide about purchases.
func (b *Bucket) unlock(ctx context.Context, name, run string) error {
	h, err := b.holder(ctx, name)
	switch {
	case errors.Is(err, ErrNotFound):
		return fmt.Errorf("ledger: the lock %s is not held: %w", name, err)
	case err != nil:
		return err
	case h.Run != run:
		return fmt.Errorf("ledger: the lock %s is not that of run %q: %w", name, run, &LockedError{Holder: h, Breakable: true})
	}
	ctx, cancel := b.deadline(ctx)
	defer cancel()
	if err := b.objects.delete(ctx, lockKey(name)); apiCode(err) != missingCode {
		return b.failed(ctx, "remove the lock "+name, err)
	}
	return nil
}

// bucketLock is a lock by an object.
type bucketLock struct {
	store     *Bucket
	name, run string
	released  atomic.Bool
}

// Release gives the lock back, also when the context has ended: that is when it
// matters. It fails when somebody broke the lock, and leaves the lock of another
// alone. To release twice is no error.
func (k *bucketLock) Release(ctx context.Context) error {
	if k.released.Load() {
		return nil
	}
	if err := k.store.unlock(context.WithoutCancel(ctx), k.name, k.run); err != nil {
		return err
	}
	k.released.Store(true)
	return nil
}

// deadline bounds one operation.
func (b *Bucket) deadline(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, b.timeout, &noAnswerError{after: b.timeout})
}

// noAnswerError is the cause of a context that ended because a bucket is slow.
type noAnswerError struct{ after time.Duration }

func (e *noAnswerError) Error() string { return fmt.Sprintf("no answer within %s", e.after) }

// failed wraps the error of an operation; nil stays nil.
func (b *Bucket) failed(ctx context.Context, did string, err error) error {
	if err == nil {
		return nil
	}
	return bucketError(ctx, did, b.place, err)
}

// bucketError wraps an error of the bucket's client, whose own text runs over
// many words; what is shown is the server's code and message, or the network's.
func bucketError(ctx context.Context, did, place string, err error) error {
	wrapped := &storeError{did: did, place: place, err: err, text: briefly(err), hint: bucketHint(apiCode(err), err)}
	if ctx.Err() == nil {
		return wrapped
	}
	// The client reports an ended context in forms of its own.
	wrapped.err, wrapped.text, wrapped.hint = ctx.Err(), context.Cause(ctx).Error(), ""
	var slow *noAnswerError
	if errors.As(context.Cause(ctx), &slow) {
		wrapped.hint = networkHint
	}
	return wrapped
}

// briefly is the cause in short; empty means that the error's own text is it.
func briefly(err error) string {
	var none *credentialError
	var answer smithy.APIError
	var request *url.Error
	switch {
	case errors.As(err, &none):
		return none.Error()
	case errors.As(err, &answer) && answer.ErrorCode() != "":
		if message := answer.ErrorMessage(); message != "" {
			return answer.ErrorCode() + ": " + message
		}
		return answer.ErrorCode()
	case errors.As(err, &request):
		return request.Err.Error()
	}
	return ""
}

const (
	networkHint    = "check the network and the endpoint; nothing is bought without the ledger"
	credentialHint = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or sign in with the tool that keeps your AWS credentials"
	regionHint     = "name the bucket's region: ?region=... in the URL, or AWS_REGION"
)

func bucketHint(code string, err error) string {
	switch code {
	case "NoSuchBucket":
		return "create the bucket, or correct its name; portctl does not create buckets"
	case "AccessDenied", "Forbidden":
		return "the credentials need s3:ListBucket on the bucket and s3:GetObject, s3:PutObject, s3:DeleteObject (for locks) on what is in it"
	case "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken":
		return "the server does not take these credentials: " + credentialHint
	case "PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException":
		return regionHint
	case "NotImplemented":
		return "this server does not know conditional writes (If-None-Match); a ledger needs them"
	}
	var none *credentialError
	var unread *configError
	var request *url.Error
	switch {
	case errors.As(err, &none), errors.As(err, &unread):
		return credentialHint
	case errors.Is(err, errNoRegion):
		return regionHint
	case errors.Is(err, errOverwrites):
		return "use a server that knows conditional writes, or a local folder"
	case errors.As(err, &request):
		return networkHint
	}
	return ""
}

// sleep waits, unless the context ends first.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
