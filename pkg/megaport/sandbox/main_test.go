package sandbox

import (
	"context"
	"fmt"
	"os"
	"testing"
)

// helperData tells a child process of the tests to serve this data file.
const helperData = "PORTCTL_SANDBOX_TEST_SERVE"

func TestMain(m *testing.M) {
	if data := os.Getenv(helperData); data != "" {
		if err := serveHelper(data); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// serveHelper serves until it is killed and prints its base URL first.
func serveHelper(data string) error {
	s, err := New(Config{Data: data})
	if err != nil {
		return err
	}
	return s.ListenAndServe(context.Background(), "127.0.0.1:0", func(baseURL string) { fmt.Println(baseURL) })
}
