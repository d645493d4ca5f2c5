package ledger

import (
	"errors"
	"fmt"
	"strings"
)

// What a key may be made of. The limits are the narrowest of all stores and
// file systems that a ledger may end up on, so that a ledger can move.
const (
	keyLimit     = 700 // bytes; S3 allows 1024, with the bucket's prefix
	segmentLimit = 200 // bytes; file systems allow 255
)

// lockFolder is where stores keep their locks; no record's key begins with it.
const lockFolder = "locks"

// checkKey fails unless the key is segments of letters, digits and "._:-",
// joined by slashes, none of them beginning with a dot, and not among the locks.
func checkKey(key string) error {
	if err := checkSegments(key); err != nil {
		return fmt.Errorf("the key %s %w", quoteKey(key), err)
	}
	if isLock(key) {
		return fmt.Errorf("the key %s is in %s/, which is for locks", quoteKey(key), lockFolder)
	}
	return nil
}

// checkLockName fails unless the name is made as a key is.
func checkLockName(name string) error {
	if err := checkSegments(name); err != nil {
		return fmt.Errorf("the name of the lock %s %w", quoteKey(name), err)
	}
	return nil
}

// checkLock refuses a lock whose holder could not be told.
func checkLock(name string, h Holder) error {
	if h.Run == "" {
		return errors.New("a lock needs the id of the run that takes it")
	}
	return checkLockName(name)
}

// checkPrefix fails unless some key can begin with the prefix.
func checkPrefix(prefix string) error {
	if prefix == "" {
		return nil
	}
	whole := prefix
	if strings.HasSuffix(prefix, "/") {
		whole += "x" // any key behind the slash
	}
	if err := checkSegments(whole); err != nil {
		return fmt.Errorf("the prefix %s %w", quoteKey(prefix), err)
	}
	return nil
}

func checkSegments(key string) error {
	if len(key) > keyLimit {
		return fmt.Errorf("is longer than %d bytes", keyLimit)
	}
	for segment := range strings.SplitSeq(key, "/") {
		if err := checkSegment(segment); err != nil {
			return err
		}
	}
	return nil
}

func checkSegment(segment string) error {
	switch {
	case segment == "":
		return fmt.Errorf("has an empty part: parts are joined by one slash, with none at either end")
	case segment[0] == '.':
		return fmt.Errorf("has a part that begins with a dot")
	case len(segment) > segmentLimit:
		return fmt.Errorf("has a part longer than %d bytes", segmentLimit)
	}
	for _, r := range segment {
		if !keyRune(r) {
			return fmt.Errorf("holds %q: only letters, digits and . _ : - are allowed, and / between parts", r)
		}
	}
	return nil
}

func keyRune(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
		return true
	}
	return strings.ContainsRune("._:-", r)
}

// isLock says that a key is among the locks.
func isLock(key string) bool { return strings.HasPrefix(key, lockFolder+"/") }

// isRecordKey says that a name found in a store is a record's, and not a lock, a
// file half written or somebody else's.
func isRecordKey(key string) bool { return checkKey(key) == nil }

// quoteKey quotes a key for a message, cut when it is very long.
func quoteKey(key string) string {
	const most = 80
	if len(key) > most {
		return fmt.Sprintf("%q...", key[:most])
	}
	return fmt.Sprintf("%q", key)
}
