package ledger

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/go-json-experiment/json"

	"github.com/portctl/portctl/pkg/plan"
)

// Listing is what the account showed, before the orders of a run, at the places where
// these are for: none of that is an order's. A place may have thousands of services, so
// it is one record, to which every claim of the run refers.
type Listing struct {
	content []byte
	hash    string
	at      map[spot]map[plan.ServiceUID]bool
}

// spot is a location and a speed, which a service shares with the order it came of.
type spot struct {
	location plan.LocationID
	speed    plan.Speed
}

func spotOf(o plan.Order) spot { return spot{o.Location, o.Speed} }

// listingRecord is a Listing in the store.
type listingRecord struct {
	Schema int            `json:"schema"`
	Places []listingPlace `json:"places"`
}

type listingPlace struct {
	Location plan.LocationID   `json:"locationId"`
	Speed    plan.Speed        `json:"speedMbps"`
	Services []plan.ServiceUID `json:"services"`
}

// NewListing is what services there are at the places of orders, terminated ones too;
// nil when there are none.
func NewListing(services []plan.Service, orders []plan.Order) (*Listing, error) {
	wanted := map[spot]bool{}
	for i := range orders {
		wanted[spotOf(orders[i])] = true
	}
	found := map[spot][]plan.ServiceUID{}
	for i := range services {
		if at := (spot{services[i].Location, services[i].Speed}); wanted[at] {
			found[at] = append(found[at], services[i].UID)
		}
	}
	if len(found) == 0 {
		return nil, nil
	}
	r := listingRecord{Schema: Schema}
	for at, uids := range found {
		slices.Sort(uids)
		r.Places = append(r.Places, listingPlace{at.location, at.speed, uids})
	}
	slices.SortFunc(r.Places, func(a, b listingPlace) int {
		return cmp.Or(cmp.Compare(a.Location, b.Location), cmp.Compare(a.Speed, b.Speed))
	})
	content, err := encode(r)
	if err != nil {
		return nil, err
	}
	return &Listing{content, hashOf(content), r.index()}, nil
}

func (r listingRecord) index() map[spot]map[plan.ServiceUID]bool {
	at := map[spot]map[plan.ServiceUID]bool{}
	for _, p := range r.Places {
		uids := make(map[plan.ServiceUID]bool, len(p.Services))
		for _, u := range p.Services {
			uids[plan.FoldUID(string(u))] = true
		}
		at[spot{p.Location, p.Speed}] = uids
	}
	return at
}

func hashOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// hashLength is that of a hash as it is written.
const hashLength = 2 * sha256.Size

// has says that the listing tells of services at an order's place.
func (l *Listing) has(o plan.Order) bool { return l != nil && len(l.at[spotOf(o)]) > 0 }

// listings are those that a Ledger has read or written, by name.
type listings struct {
	mu   sync.Mutex
	have map[string]*Listing
}

func listingPrefix(host string) string { return "listings/" + host + "/" }

func (l *Ledger) listingKey(name string) string { return listingPrefix(l.host) + name + ".json" }

// nameListing is how claims of this run refer to a listing: by the hash of its content.
// The run is in it as well, so that what a broken run left half written is in nobody's
// way.
func (l *Ledger) nameListing(x *Listing) string { return x.hash + "-" + l.run.ID }

// keepListing makes a listing durable, once.
func (l *Ledger) keepListing(ctx context.Context, listing *Listing) error {
	name := l.nameListing(listing)
	l.listings.mu.Lock()
	defer l.listings.mu.Unlock()
	if l.listings.have[name] != nil {
		return nil
	}
	err := l.store.Create(ctx, l.listingKey(name), listing.content)
	if errors.Is(err, ErrExists) { // an earlier try of this run, whose answer was lost
		_, err = l.readListing(ctx, name)
	}
	if err != nil {
		return err
	}
	l.listings.have[name] = listing
	return nil
}

// listing reads the listing that a claim refers to.
func (l *Ledger) listing(ctx context.Context, name string) (*Listing, error) {
	l.listings.mu.Lock()
	defer l.listings.mu.Unlock()
	if have := l.listings.have[name]; have != nil {
		return have, nil
	}
	read, err := l.readListing(ctx, name)
	if err == nil {
		l.listings.have[name] = read
	}
	return read, err
}

func (l *Ledger) readListing(ctx context.Context, name string) (*Listing, error) {
	key := l.listingKey(name)
	if err := checkKey(key); err != nil { // a claim may say anything
		return nil, decodeFailure{err}
	}
	content, err := l.store.Read(ctx, key)
	if err != nil {
		return nil, err
	}
	hash := hashOf(content)
	if name[:min(len(name), hashLength)] != hash {
		return nil, decodeFailure{fmt.Errorf("the record %s is not as it was written", key)}
	}
	var r listingRecord
	if err := json.Unmarshal(content, &r); err != nil {
		return nil, decodeFailure{err}
	}
	if err := checkSchema(r.Schema); err != nil {
		return nil, err
	}
	return &Listing{content, hash, r.index()}, nil
}

// withListing is a claim with the services that its order did not make. As long as they
// cannot be told nothing may be taken for the order's, so that the claim is damaged.
func (l *Ledger) withListing(ctx context.Context, o Open) (Open, error) {
	if o.Listing == "" || o.State == plan.OrderDamaged {
		return o, nil
	}
	listing, err := l.listing(ctx, o.Listing)
	switch {
	case newer(err):
		return o, l.fail("reading "+l.listingKey(o.Listing), err)
	case errors.Is(err, ErrNotFound):
		return o.damaged("the list of what the account had before its order is missing: " + l.listingKey(o.Listing)), nil
	case undecodable(err):
		return o.damaged("the list of what the account had before its order cannot be read: " + err.Error()), nil
	case err != nil:
		return o, l.fail("reading "+l.listingKey(o.Listing), err)
	case !listing.has(o.Order):
		return o.damaged("the list of what the account had before its order is another one: " + l.listingKey(o.Listing)), nil
	}
	o.before = listing.at[spotOf(o.Order)]
	return o, nil
}

// Before says that a service was listed before the order, so that it is not the order's.
func (o Open) Before(uid plan.ServiceUID) bool {
	return o.before[plan.FoldUID(string(uid))] || slices.Contains(o.Listed, uid)
}
