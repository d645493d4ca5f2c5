package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/portctl/portctl/pkg/plan"
)

// CompanyError says that a ledger belongs to another account than the one read.
type CompanyError struct {
	// Have owns the ledger; empty when only API keys are known.
	Have string
	// Want are the companies of the account; none when it names none.
	Want  []string
	Place string
	// KeyKnown says that the API key was used with the ledger before.
	KeyKnown bool
}

func (e *CompanyError) Error() string {
	have := "an account of another API key"
	if e.Have != "" {
		have = "company " + e.Have
	}
	if len(e.Want) == 0 {
		return fmt.Sprintf("the ledger at %s belongs to %s, and this account names no company and its API key is new to the ledger", e.Place, have)
	}
	return fmt.Sprintf("the ledger at %s belongs to %s, but the account to company %s", e.Place, have, strings.Join(e.Want, ", "))
}

// Hint says how to go on.
func (e *CompanyError) Hint() string {
	switch {
	case e.Have != "" && len(e.Want) > 0 && e.KeyKnown:
		return "name another ledger with --state; or, if no port of the ledger's company is left in its account, say so with --same-account: the API key was used with this ledger before"
	case e.Have != "" && len(e.Want) > 0:
		return "use the API key of the ledger's company, or name another ledger with --state"
	}
	return "use the API key that was used before; if it was replaced, or this is a second key of the same account, say so once with --same-account"
}

// ownerRecord says whose a ledger is, and which keys were used with it.
type ownerRecord struct {
	Schema  int    `json:"schema"`
	Company string `json:"company,omitzero"`
	Key     string `json:"key,omitzero"`
}

// Owner is whose ledger it is: the company that owns it, once one is known, and
// fingerprints of the API keys that were used with it.
type Owner struct {
	Company string
	Keys    []string
}

// Owner reads whose ledger it is.
func (l *Ledger) Owner(ctx context.Context) (Owner, error) {
	var o Owner
	b, err := l.store.Read(ctx, l.companyKey())
	if err == nil {
		var r ownerRecord
		if err := decodeOwner(b, &r); err != nil {
			return o, l.fail("reading the company", err)
		}
		o.Company = r.Company
	} else if !errors.Is(err, ErrNotFound) {
		return o, l.fail("reading the company", err)
	}
	keys, err := l.store.List(ctx, l.keysPrefix())
	if err != nil {
		return o, l.fail("listing the API keys", err)
	}
	for _, key := range keys {
		name, _ := strings.CutPrefix(key, l.keysPrefix())
		o.Keys = append(o.Keys, strings.TrimSuffix(name, ".json"))
	}
	return o, nil
}

func decodeOwner(b []byte, r *ownerRecord) error {
	if err := json.Unmarshal(b, r); err != nil {
		return err
	}
	return checkSchema(r.Schema)
}

func (l *Ledger) companyKey() string { return "company/" + l.host + ".json" }
func (l *Ledger) keysPrefix() string { return "keys/" + l.host + "/" }

// Check makes sure, without writing, that the ledger belongs to the account that
// was read. The owner's company must be among those of the account, unless a known
// API key and a person's word say that it is. Where the account names none, the API key must be one that was used before; sameAccount is
// a person's word that it belongs to the same account.
func (l *Ledger) Check(ctx context.Context, account plan.Owner, sameAccount bool) error {
	have, err := l.Owner(ctx)
	if err != nil {
		return err
	}
	return l.judge(have, account, sameAccount)
}

func (l *Ledger) judge(have Owner, account plan.Owner, sameAccount bool) error {
	other := &CompanyError{Have: have.Company, Want: account.Companies, Place: l.Place(), KeyKnown: slices.Contains(have.Keys, account.Key)}
	known := account.Key == "" && len(account.Companies) > 0 || slices.Contains(have.Keys, account.Key)
	switch {
	case have.Company != "" && len(account.Companies) > 0:
		// Its own ports may all have ended, and those of another company be left. An API
		// key is of one account.
		if slices.Contains(account.Companies, have.Company) || sameAccount && other.KeyKnown {
			return nil
		}
		return other
	case sameAccount, known:
		return nil
	case have.Company != "":
		if l.run.Ephemeral { // such an account may have been emptied
			return nil
		}
		return other
	case len(have.Keys) > 0:
		return other
	}
	return nil
}

// Bind is Check that also remembers: the first company that is known owns the
// ledger, and each API key that was let in stays known.
func (l *Ledger) Bind(ctx context.Context, account plan.Owner, sameAccount bool) error {
	have, err := l.Owner(ctx)
	if err != nil {
		return err
	}
	if err := l.judge(have, account, sameAccount); err != nil {
		return err
	}
	if have.Company == "" && account.Company() != "" {
		if err := l.remember(ctx, l.companyKey(), ownerRecord{Schema: Schema, Company: account.Company()}); err != nil {
			return err
		}
	}
	if account.Key == "" || slices.Contains(have.Keys, account.Key) {
		return nil
	}
	return l.remember(ctx, l.keysPrefix()+account.Key+".json", ownerRecord{Schema: Schema, Key: account.Key})
}

// remember writes a record that says the same whoever writes it.
func (l *Ledger) remember(ctx context.Context, key string, r any) error {
	content, err := encode(r)
	if err != nil {
		return err
	}
	if err := l.store.Create(ctx, key, content); err != nil && !errors.Is(err, ErrExists) {
		return l.fail("recording "+key, err)
	}
	return nil
}
