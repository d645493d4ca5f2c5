//go:build s3

package s3server

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The story of an inventory's life in a repository, with its ledger in a bucket: jobs on
// other machines share nothing else.
func TestS3Story(t *testing.T) {
	server := Start(t)
	story := exec.Command("go", "test", "-count=1", "-v", "-run", "^TestStories$/^git-github$", "./cmd/portctl")
	story.Dir = filepath.Join("..", "..", "..", "..", "..")
	story.Env = append(os.Environ(), "PORTCTL_STORY_STATE="+server.Bucket(t))
	out, err := story.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: TestStories/git-github") {
		t.Fatalf("%v\n%s", err, out)
	}
	if objects, err := os.ReadDir(filepath.Join(server.dir, "bucket-1")); err != nil || len(objects) == 0 {
		t.Fatalf("the story left nothing in the bucket: %v", err)
	}
}
