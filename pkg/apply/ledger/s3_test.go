//go:build s3

package ledger_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/internal/testkit/storetest"
	"github.com/portctl/portctl/pkg/internal/testkit/storetest/s3server"
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

// TestS3Move: a ledger on a disk moves into a bucket and back.
func TestS3Move(t *testing.T) {
	disk, _ := local(t, t.TempDir(), "ops")
	claimed(t, disk, "one")
	bucket := open(openStore(t, s3server.Start(t).Bucket(t)), "ops")
	for _, way := range [][2]*ledger.Ledger{{disk, bucket}, {bucket, disk}} {
		if _, err := ledger.Move(t.Context(), way[0], way[1]); err != nil {
			t.Fatal(err)
		}
		var moved *ledger.MovedError
		if err := way[0].CheckHere(t.Context()); !errors.As(err, &moved) || moved.To != way[1].Place() {
			t.Errorf("the old ledger says %v", err)
		}
		if err := way[1].CheckHere(t.Context()); err != nil || len(snapshot(t, way[1]).Open) != 1 {
			t.Errorf("the new ledger: %v", err)
		}
	}
}
