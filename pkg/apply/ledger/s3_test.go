//go:build s3

package ledger_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/apply/ledger/storetest"
	"github.com/portctl/portctl/pkg/apply/ledger/storetest/s3server"
)

// TestS3 holds the bucket to the contract on a real S3 server.
func TestS3(t *testing.T) {
	server := s3server.Start(t)
	storetest.Run(t, storetest.Subject{Breakable: true, Place: func(t *testing.T) func() ledger.Store {
		url := strings.Replace(server.Bucket(t), "?", "/team/portctl?", 1)
		return func() ledger.Store { return openStore(t, url) }
	}})
}

func openStore(t *testing.T, url string) ledger.Store {
	t.Helper()
	store, err := ledger.OpenStore(t.Context(), url, "")
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// TestS3Prefixes: ledgers in one bucket do not meet.
func TestS3Prefixes(t *testing.T) {
	url := s3server.Start(t).Bucket(t)
	var stores []ledger.Store
	for _, prefix := range []string{"", "/team", "/team/portctl", "/team2", "/te"} {
		stores = append(stores, openStore(t, strings.Replace(url, "?", prefix+"?", 1)))
	}
	for i, store := range stores {
		mustCreate(t, store, "claims/1", fmt.Sprint("of ", i))
		if _, err := store.Lock(t.Context(), "name", ledger.Holder{Run: "run-1"}); err != nil {
			t.Error(err)
		}
	}
	for i, store := range stores {
		wantRecord(t, store, "claims/1", fmt.Sprint("of ", i))
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestS3Refusals(t *testing.T) {
	server := s3server.Start(t)
	_, err := ledger.OpenStore(t.Context(), server.URL("not-there"), "")
	wantFailure(t, err, nil, "create the bucket", "NoSuchBucket", "s3://not-there")

	url := server.Bucket(t)
	t.Setenv("AWS_SECRET_ACCESS_KEY", "another")
	_, err = ledger.OpenStore(t.Context(), url, "")
	wantFailure(t, err, nil, "AWS_SECRET_ACCESS_KEY", "SignatureDoesNotMatch")
	if errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("a refusal passes for a fact: %v", err)
	}
}
