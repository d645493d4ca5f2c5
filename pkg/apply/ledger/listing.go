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
// it is one record, which every claim of the run refers to by its hash.
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

// has says that the listing tells of services at an order's place.
func (l *Listing) has(o plan.Order) bool { return l != nil && len(l.at[spotOf(o)]) > 0 }

// listings are those that a Ledger has read or written, by hash.
type listings struct {
	mu   sync.Mutex
	have map[string]*Listing
}

func listingPrefix(host string) string { return "listings/" + host + "/" }

func (l *Ledger) listingKey(hash string) string { return listingPrefix(l.host) + hash + ".json" }

// keepListing makes a listing durable, once.
func (l *Ledger) keepListing(ctx context.Context, listing *Listing) error {
	l.listings.mu.Lock()
	defer l.listings.mu.Unlock()
	if l.listings.have[listing.hash] != nil {
		return nil
	}
	key := l.listingKey(listing.hash)
	err := l.store.Create(ctx, key, listing.content)
	if errors.Is(err, ErrExists) { // of an earlier run that saw the same
		_, err = l.readListing(ctx, listing.hash)
	}
	if err != nil {
		return err
	}
	l.listings.have[listing.hash] = listing
	return nil
}

// listing reads the listing that a claim refers to.
func (l *Ledger) listing(ctx context.Context, hash string) (*Listing, error) {
	l.listings.mu.Lock()
	defer l.listings.mu.Unlock()
	if have := l.listings.have[hash]; have != nil {
		return have, nil
	}
	read, err := l.readListing(ctx, hash)
	if err == nil {
		l.listings.have[hash] = read
	}
	return read, err
}

func (l *Ledger) readListing(ctx context.Context, hash string) (*Listing, error) {
	key := l.listingKey(hash)
	if err := checkKey(key); err != nil { // a claim may say anything
		return nil, decodeFailure{err}
	}
	content, err := l.store.Read(ctx, key)
	if err != nil {
		return nil, err
	}
	if hashOf(content) != hash {
		return nil, decodeFailure{&damagedListingError{key}}
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

// damagedListingError is about a listing that is not as it was written.
type damagedListingError struct{ key string }

func (e *damagedListingError) Error() string {
	return fmt.Sprintf("the record %s is damaged", e.key)
}

// Hint says how to go on.
func (e *damagedListingError) Hint() string {
	return "restore it from a backup of the ledger, or remove it: an order at the same places writes it again if the account is as it was then"
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
