package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"

	"github.com/portctl/portctl/inventory"
	"github.com/portctl/portctl/pkg/apply/ledger"
)

// book is the ledger of a session, open.
type book struct {
	*ledger.Ledger
	store ledger.Store
}

// place is where the ledger is kept, and who says so.
type place struct {
	url        string // empty for the default folder
	defaultDir string
	named      bool // by --state
	scattered  bool // the inventory's files stand in several folders
}

// errScattered: which folder has the ledger must not hang on the order of -f.
var errScattered = withHint(errors.New("the inventory's files stand in several folders, and nothing says where the ledger is kept"),
	"name it with `state:` in the inventory, or with --state")

// folders lists the folders of files, each once, in order of name.
func folders(files []string) []string {
	var dirs []string
	for _, f := range files {
		dirs = append(dirs, filepath.Dir(f))
	}
	slices.Sort(dirs)
	return slices.Compact(dirs)
}

// errVolatile: a CI runner's disk vanishes, and with it the doubt about an order.
var errVolatile = withHint(errors.New("CI is set, and the ledger would be kept on this machine's own disk, which may vanish with an order in doubt"),
	"keep it in a bucket: `state: s3://BUCKET/PREFIX` in the inventory, or --state; a --state that names a folder is taken at its word")

// ledgerPlace settles where the ledger is. A sandbox has its ledger beside its
// account: rehearsing needs no bucket and leaves no trace in one.
func (g *globals) ledgerPlace(t target, inv *inventory.Inventory) place {
	p := place{url: g.state, named: g.state != ""}
	switch {
	case t.Embedded():
		p.defaultDir = filepath.Join(sandboxDir, "ledger")
	case len(inv.Files) > 0:
		dirs := folders(inv.Files)
		p.defaultDir, p.scattered = filepath.Join(dirs[0], sandboxDir, "ledger"), len(dirs) > 1 && t.Environment != sandboxName
	}
	if p.url == "" && t.Environment != sandboxName {
		p.url = inv.State
	}
	return p
}

// local says that the ledger is on a disk.
func (p place) local() bool {
	u, err := url.Parse(p.url)
	return err != nil || u.Scheme != "s3"
}

// openLedger opens the ledger of a target.
func (g *globals) openLedger(ctx context.Context, t target, inv *inventory.Inventory) (*book, error) {
	p := g.ledgerPlace(t, inv)
	if p.url == "" && p.scattered {
		return nil, exitWith(exitRefused, errScattered)
	}
	store, err := ledger.OpenStore(ctx, p.url, p.defaultDir)
	if err != nil {
		return nil, err
	}
	return &book{ledger.New(store, t.host(), ledger.Run{By: whoami(), Tool: "portctl " + Version(), Process: os.Getpid(), Forgetful: t.Environment != productionName}), store}, nil
}

// checkLedgerPlace refuses to buy with a ledger that may be gone tomorrow.
func (g *globals) checkLedgerPlace(s Streams, t target, inv *inventory.Inventory) error {
	p := g.ledgerPlace(t, inv)
	if s.Getenv("CI") != "" && t.Environment != sandboxName && p.local() && !p.named {
		return exitWith(exitRefused, errVolatile)
	}
	return nil
}

// host names the API in the ledger.
func (t target) host() string {
	if t.Embedded() {
		return "embedded"
	}
	u, err := url.Parse(t.BaseURL)
	if err != nil {
		return "invalid" // resolve checked it
	}
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	if port := u.Port(); port != "" && port != map[string]string{"https": "443", "http": "80"}[u.Scheme] {
		host = net.JoinHostPort(host, port)
	}
	return host // one API has one ledger, however its address is written
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
