package ledger

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
)

// What is closed is known without looking: an index lists the folders of closed claims,
// which a snapshot then passes over. It is never asked whether a claim is open: a claim
// that it does not list is looked at, so that an index that is lost, damaged or behind
// costs time and nothing else. Nothing reopens a claim, and nothing deletes one, so that
// an index never becomes wrong. It does not move with a ledger: while claims are copied
// those that are closed there are not all closed here.

// closedIndex is an index in the store.
type closedIndex struct {
	Schema int `json:"schema"`
	// Closed are the folders of closed claims, in order.
	Closed []string `json:"closed"`
}

func closedPrefix(host string) string { return "closed/" + host + "/" }

// indexAfter is how many closed claims an index may lack before a new one is written, and
// indexPart which part of all: what is written in all is in proportion to the claims.
const (
	indexAfter = 256
	indexPart  = 8
)

// closedFolders is what the largest whole index lists. That there is none is no error.
func (l *Ledger) closedFolders(ctx context.Context) (map[string]bool, error) {
	keys, err := l.store.List(ctx, closedPrefix(l.host))
	if err != nil {
		return nil, l.fail("listing closed claims", err)
	}
	for _, key := range slices.Backward(keys) { // a key begins with the number of claims
		content, err := l.store.Read(ctx, key)
		if err != nil {
			return nil, l.fail("reading "+key, err)
		}
		if closed := decodeIndex(key, content); closed != nil {
			return closed, nil
		}
	}
	return nil, nil
}

// decodeIndex reads an index whose content is the one that its key has the hash of; nil
// for any other.
func decodeIndex(key string, content []byte) map[string]bool {
	var x closedIndex
	if !strings.HasSuffix(key, "-"+hashOf(content)+".json") || json.Unmarshal(content, &x) != nil || x.Schema != Schema {
		return nil
	}
	closed := make(map[string]bool, len(x.Closed))
	for _, folder := range x.Closed {
		closed[folder] = true
	}
	return closed
}

// IndexClosed writes an index of the claims that are closed in a snapshot, when that saves
// later ones enough time. It may fail, or be done by several at once: later runs do it.
func (l *Ledger) IndexClosed(ctx context.Context, s Snapshot) error {
	if len(s.unindexed) < max(l.indexAfter, len(s.indexed)/indexPart) {
		return nil
	}
	all := slices.AppendSeq(slices.Clone(s.unindexed), maps.Keys(s.indexed))
	slices.Sort(all)
	content, err := json.Marshal(closedIndex{Schema, all}, json.Deterministic(true))
	if err != nil {
		return err
	}
	key := fmt.Sprintf("%s%09d-%s.json", closedPrefix(l.host), len(all), hashOf(content))
	if err := l.store.Create(ctx, key, content); err != nil && !errors.Is(err, ErrExists) {
		return l.fail("indexing closed claims", err)
	}
	return nil
}
