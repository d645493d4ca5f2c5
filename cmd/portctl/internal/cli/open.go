package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"

	"github.com/portctl/portctl/inventory"
	"github.com/portctl/portctl/pkg/apply/ledger"
)

// openLedger is the ledger of a session, open.
type openLedger struct {
	*ledger.Ledger
	store ledger.Store
	place place
	// memory knows where the ledger was last, and reopen opens the same account's
	// there.
	memory memory
	reopen func(ctx context.Context, place string) (*ledger.Ledger, func() error, error)
	// buys says that what takes the lock may buy: then the place is remembered.
	buys bool
	// args name the inventory and the account once more.
	args []string
}

// place is where the ledger is kept, and who says so.
type place struct {
	url        string // empty for the default folder
	defaultDir string
	named      bool   // by --state
	scattered  bool   // the inventory's files stand in several folders
	folder     string // the .portctl beside the inventory's first file
}

// errScattered: which folder has the ledger must not hang on the order of -f.
var errScattered = withHint(errors.New("the inventory's files are in several folders, and the ledger's location is not set"),
	"set it with `state:` in the inventory, or with --state")

// folders lists the folders in which files really stand, whatever symbolic link
// leads there, each once, in order of name.
func folders(files []string) []string {
	var dirs []string
	for _, f := range files {
		dirs = append(dirs, filepath.Dir(realPath(f)))
	}
	slices.Sort(dirs)
	return slices.Compact(dirs)
}

// errVolatile: a CI runner's disk vanishes, and with it what is known of an order.
var errVolatile = withHint(errors.New("CI is set, and the ledger would be kept on this machine's own disk, which may vanish with an unconfirmed order"),
	"keep it in a bucket: `state: s3://BUCKET/PREFIX` in the inventory, or --state; a folder given with --state is accepted")

// ledgerPlace settles where the ledger is. A sandbox has its ledger beside its
// account: rehearsing needs no bucket and leaves no trace in one.
func (g *globals) ledgerPlace(t target, inv *inventory.Inventory) place {
	p := place{url: g.state, named: g.state != ""}
	switch {
	case t.Embedded():
		p.folder = sandboxDir
	case len(inv.Files) > 0:
		dirs := folders(inv.Files)
		p.folder, p.scattered = filepath.Join(dirs[0], sandboxDir), len(dirs) > 1 && t.Environment != sandboxName
	}
	if p.folder != "" {
		p.defaultDir = filepath.Join(p.folder, "ledger")
	}
	if p.url == "" && t.Environment != sandboxName {
		p.url = inv.State
	}
	return p
}

// withLedger opens inventory, API and ledger for a command.
func (g *globals) withLedger(ctx context.Context, s Env, do func(*inventory.Inventory, *session, *openLedger) error) error {
	inv, err := g.load(s)
	if err != nil {
		return err
	}
	session, err := g.open(ctx, s, inv.Environment, false)
	if err != nil {
		return err
	}
	defer session.close()
	b, err := g.openNamedLedger(ctx, session.target, inv)
	if err != nil {
		return err
	}
	defer b.store.Close()
	return do(inv, session, b)
}

// openLedgerToBuy opens the ledger of a target for a command that goes by what it
// holds: it must be the one that the last apply used, or nothing may be open there.
func (g *globals) openLedgerToBuy(ctx context.Context, t target, inv *inventory.Inventory) (*openLedger, error) {
	b, err := g.openNamedLedger(ctx, t, inv)
	if err != nil {
		return nil, err
	}
	if err := b.checkLeaving(ctx); err != nil {
		return nil, errors.Join(err, b.store.Close())
	}
	b.buys = true
	return b, nil
}

// openNamedLedger opens the ledger of a target, whichever was used before.
func (g *globals) openNamedLedger(ctx context.Context, t target, inv *inventory.Inventory) (*openLedger, error) {
	p := g.ledgerPlace(t, inv)
	if p.url == "" && p.scattered {
		return nil, exitWith(exitRefused, errScattered)
	}
	store, err := ledger.OpenStore(ctx, p.url, p.defaultDir)
	if err != nil {
		return nil, err
	}
	b := &openLedger{Ledger: g.newLedger(store, t), store: store, place: p, memory: memory{p.folder, t.account()}, args: g.withoutState()}
	b.reopen = func(ctx context.Context, place string) (*ledger.Ledger, func() error, error) {
		if err := mustExist(place); err != nil {
			return nil, nil, err
		}
		store, err := ledger.OpenStore(ctx, place, "")
		if err != nil {
			return nil, nil, err
		}
		return g.newLedger(store, t), store.Close, nil
	}
	if err := b.CheckHere(ctx); err != nil {
		return nil, errors.Join(movedAway(err), store.Close())
	}
	return b, nil
}

func (g *globals) newLedger(store ledger.Store, t target) *ledger.Ledger {
	return ledger.New(store, t.account(), ledger.Run{By: whoami(), Tool: "portctl " + Version(), Process: os.Getpid(), Ephemeral: t.Environment != productionName, OrderDeadline: g.rehearsed(t, ledger.OrderDeadline)})
}

// movedAway gives the error of a ledger that was moved its exit code.
func movedAway(err error) error {
	var moved *ledger.MovedError
	if errors.As(err, &moved) {
		return exitWith(exitRefused, err)
	}
	return err
}

// mustExist fails when a ledger on a disk is not there: what cannot be seen may
// have open claims.
func mustExist(place string) error {
	if isBucket(place) {
		return nil
	}
	_, err := os.Stat(realPath(place))
	return err
}

// Lock takes the ledger's lock. Only then is it certain that nobody moves the
// ledger away; and before anything is bought its place is remembered.
func (b *openLedger) Lock(ctx context.Context) (ledger.Lock, error) {
	lock, err := b.Ledger.Lock(ctx)
	if err != nil {
		return nil, err
	}
	err = movedAway(b.CheckHere(ctx))
	if err == nil && b.buys {
		err = b.memory.remember(b.Place())
	}
	if err != nil {
		return nil, errors.Join(err, lock.Release(context.WithoutCancel(ctx)))
	}
	return lock, nil
}

// local says that the ledger is on a disk.
func (p place) local() bool { return !isBucket(p.url) }

// volatile says that the ledger may be gone tomorrow, with what is open in it.
func (g *globals) volatile(s Env, t target, inv *inventory.Inventory) bool {
	p := g.ledgerPlace(t, inv)
	return s.Getenv("CI") != "" && t.Environment != sandboxName && p.local() && !p.named
}

// checkLedgerPlace refuses to buy with a ledger that may be gone tomorrow.
func (g *globals) checkLedgerPlace(s Env, t target, inv *inventory.Inventory) error {
	if g.volatile(s, t, inv) {
		return exitWith(exitRefused, errVolatile)
	}
	return nil
}

// account is the key of the account in a ledger. A known environment is one
// account whatever address leads there; a sandbox is known by its address.
func (t target) account() string {
	if t.Embedded() {
		return "embedded"
	}
	if t.Environment != sandboxName {
		return t.Environment
	}
	u, err := url.Parse(t.BaseURL)
	if err != nil {
		return "invalid" // resolve checked it
	}
	host := sameHost(u.Hostname())
	if port := u.Port(); port != "" && port != map[string]string{"https": "443", "http": "80"}[u.Scheme] {
		host = net.JoinHostPort(host, port)
	}
	return host
}

// sameHost is one spelling for all names that this machine has for itself.
func sameHost(host string) string {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	ip, err := netip.ParseAddr(host)
	switch {
	case host == "localhost", err == nil && ip.Unmap() == netip.IPv6Loopback():
		return "127.0.0.1"
	case err == nil:
		return ip.Unmap().String()
	}
	return host
}

// whoami is user and machine, for people who find a claim or a lock.
func whoami() string {
	name, host := "somebody", "somewhere"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	if h, err := os.Hostname(); err == nil {
		host = h
	}
	return fmt.Sprintf("%s@%s", name, host)
}
