package s3server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// Program is the environment variable that holds the path of versitygw.
const Program = "PORTCTL_VERSITYGW"

// The server knows these credentials, which are no secret, and this region.
const (
	accessKey = "portctl-test"
	secretKey = "portctl-test-is-no-secret"
	region    = "us-east-1"
)

// Server is a running S3 server.
type Server struct {
	// Endpoint is its address, such as http://127.0.0.1:7070.
	Endpoint string

	dir     string // a bucket is a folder in it
	log     string // what the server wrote
	stdin   io.Closer
	ended   chan struct{} // closed when the process has ended
	buckets atomic.Int64
}

// Start starts a server that ends with the test, and puts its credentials and
// region into the test's environment, so that neither the test nor one above it
// may be parallel. It fails the test when there is no program to start.
func Start(t testing.TB) *Server {
	t.Helper()
	program := os.Getenv(Program)
	if program == "" {
		t.Fatalf("%s does not name the S3 server; run `make test-s3`, which builds it", Program)
	}
	for _, setting := range Environment() {
		name, value, _ := strings.Cut(setting, "=")
		t.Setenv(name, value)
	}
	s, err := Launch(t.Context(), program, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

// Launch starts a server that keeps its buckets and its log in a folder, for a
// program that is no test. Whoever uses it must have Environment in its own.
func Launch(ctx context.Context, program, folder string) (*Server, error) {
	s := &Server{dir: filepath.Join(folder, "buckets"), log: filepath.Join(folder, "versitygw.log")}
	err := os.Mkdir(s.dir, 0o700)
	if err != nil {
		return nil, err
	}
	const tries = 3 // another process may take the free port first
	for range tries {
		if err = s.start(ctx, program); err == nil {
			return s, nil
		}
		s.Stop()
	}
	return nil, fmt.Errorf("the S3 server does not start: %w\n%s", err, s.said())
}

// Environment is what a process needs in its environment to use the server,
// beside the URL of a bucket. It keeps AWS credentials of the machine out.
func Environment() []string {
	return []string{
		"AWS_ACCESS_KEY_ID=" + accessKey, "AWS_SECRET_ACCESS_KEY=" + secretKey, "AWS_SESSION_TOKEN=", "AWS_REGION=" + region,
		"AWS_PROFILE=", "AWS_CONFIG_FILE=" + os.DevNull, "AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull, "AWS_EC2_METADATA_DISABLED=true",
		"AWS_ENDPOINT_URL=", "AWS_ENDPOINT_URL_S3=",
	}
}

// Bucket makes a new, empty bucket and returns its URL.
func (s *Server) Bucket(t testing.TB) string {
	t.Helper()
	url, err := s.NewBucket()
	if err != nil {
		t.Fatal(err)
	}
	return url
}

// NewBucket is Bucket for a program that is no test.
func (s *Server) NewBucket() (url string, err error) {
	name := fmt.Sprintf("bucket-%d", s.buckets.Add(1))
	return s.URL(name), os.Mkdir(filepath.Join(s.dir, name), 0o700)
}

// URL is that of a bucket by name, whether it exists or not.
func (s *Server) URL(bucket string) string {
	return "s3://" + bucket + "?endpoint=" + s.Endpoint + "&use_path_style=true"
}

// watch runs a program until its own standard input ends. The kernel closes the
// other end when this process dies, of whatever: a timeout, a panic, kill -9.
const watch = `exec 3<&0
"$@" </dev/null 3<&- &
server=$!
(cat <&3 >/dev/null; kill -9 "$server" 2>/dev/null) &
wait "$server"`

func (s *Server) start(ctx context.Context, program string) error {
	address, err := freeAddress(ctx)
	if err != nil {
		return err
	}
	log, err := os.Create(s.log)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // the process has its own
	cmd := exec.Command("/bin/sh", "-c", watch, "sh", program, "--port", address, "--region", region, "posix", s.dir)
	cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+accessKey, "ROOT_SECRET_KEY="+secretKey)
	cmd.Stdout, cmd.Stderr = log, log
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return errors.Join(err, stdin.Close())
	}
	s.Endpoint, s.stdin, s.ended = "http://"+address, stdin, make(chan struct{})
	go func(ended chan struct{}) {
		defer close(ended)
		_ = cmd.Wait() // it is killed: its status says nothing
	}(s.ended)
	return s.answers(ctx)
}

// answers waits until the server answers requests.
func (s *Server) answers(ctx context.Context) error {
	const patience = 30 * time.Second // for machines with much else to do
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ask(ctx, s.Endpoint)
		if err == nil {
			return nil
		}
		select {
		case <-s.ended:
			return errors.New("it ended at once")
		case <-ctx.Done():
			return fmt.Errorf("no answer within %s: %w", patience, err)
		case <-tick.C:
		}
	}
}

// ask makes one request; any answer will do, for it is one of a server that is up.
func ask(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	return answer.Body.Close()
}

// Stop ends the process and waits for its end.
func (s *Server) Stop() {
	if s.stdin == nil {
		return
	}
	_ = s.stdin.Close()
	<-s.ended
	s.stdin = nil
}

// said is the end of what the server wrote.
func (s *Server) said() string {
	const most = 2000
	b, err := os.ReadFile(s.log)
	if err != nil {
		return ""
	}
	return string(b[max(0, len(b)-most):])
}

// freeAddress is a loopback address that nobody listened on a moment ago.
func freeAddress(ctx context.Context) (string, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
