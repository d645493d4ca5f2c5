//go:build s3

package s3server

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// childDir makes this test program a process that starts a server in a folder and
// waits to be killed.
const childDir = "PORTCTL_S3SERVER_CHILD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		s := &Server{dir: dir, log: filepath.Join(dir, "log")}
		if err := s.start(context.Background(), os.Getenv(Program)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println(s.Endpoint)
		select {}
	}
	os.Exit(m.Run())
}

// TestServerEndsWithItsTest: a test that dies leaves no server behind.
func TestServerEndsWithItsTest(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), childDir+"="+t.TempDir())
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	up := lines.Scan()
	endpoint := lines.Text()
	var asked error
	if up {
		asked = ask(t.Context(), endpoint)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // an error: it was killed
	if !up || asked != nil {
		t.Fatalf("there was no server to end: %v", asked)
	}
	wantNoAnswer(t, endpoint)
}

// TestStopEndsTheServer: and so does one that ends.
func TestStopEndsTheServer(t *testing.T) {
	var endpoint string
	t.Run("a test", func(t *testing.T) {
		s := Start(t)
		endpoint = s.Endpoint
		if err := ask(t.Context(), endpoint); err != nil {
			t.Error(err)
		}
	})
	wantNoAnswer(t, endpoint)
}

func wantNoAnswer(t *testing.T, endpoint string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for ask(ctx, endpoint) == nil {
		select {
		case <-ctx.Done():
			t.Fatalf("the server at %s runs on", endpoint)
		case <-tick.C:
		}
	}
	if ctx.Err() != nil {
		t.Fatalf("the server at %s neither answers nor ends", endpoint)
	}
}
