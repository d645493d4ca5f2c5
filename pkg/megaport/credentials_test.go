package megaport

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func env(pairs map[string]string) func(string) string {
	return func(name string) string { return pairs[name] }
}

func TestCredentialsFromEnv(t *testing.T) {
	tests := map[string]struct {
		env  map[string]string
		want string // part of the error; empty: none
	}{
		"both":      {map[string]string{"MEGAPORT_ACCESS_KEY": " a ", "MEGAPORT_SECRET_KEY": "hush\n"}, ""},
		"no secret": {map[string]string{"MEGAPORT_ACCESS_KEY": "a"}, "MEGAPORT_SECRET_KEY is not"},
		"no access": {map[string]string{"MEGAPORT_SECRET_KEY": "hush"}, "MEGAPORT_ACCESS_KEY is not"},
		"none":      {nil, ErrNoCredentials.Error()},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c, err := CredentialsFromEnv(env(tt.env))
			switch {
			case tt.want == "" && (err != nil || c.AccessKey != "a" || c.SecretKey.Reveal() != "hush"):
				t.Errorf("got %v, %v", c, err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "hush")):
				t.Errorf("error is %v, want %q", err, tt.want)
			}
			if errors.Is(err, ErrNoCredentials) != (name == "none") {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestCredentialsFromProfile(t *testing.T) {
	const file = `{"version":1,"active_profile":"work","profiles":{
		"work":{"access_key":"a1","secret_key":"hush1","environment":"production","description":"d"},
		"lab":{"access_key":"a2","secret_key":"hush2","environment":"staging"},
		"export":{"access_key":"[REDACTED]","secret_key":"[REDACTED]"},
		"half":{"access_key":"a3","secret_key":""}},
		"defaults":{"output":"table","no-color":false}}`
	tests := map[string]struct {
		file, profile string
		want          Credentials
		fails         string
	}{
		"the active one":   {file, "", Credentials{"a1", "hush1", "production"}, ""},
		"a named one":      {file, "lab", Credentials{"a2", "hush2", "staging"}, ""},
		"an unknown one":   {file, "home", Credentials{}, `has no profile "home"; it has export, half, lab, work`},
		"names have case":  {file, "Work", Credentials{}, `has no profile "Work"`},
		"from an export":   {file, "export", Credentials{}, "taken out by an export"},
		"without a secret": {file, "half", Credentials{}, "has no secret_key"},
		"none active":      {`{"profiles":{}}`, "", Credentials{}, ErrNoCredentials.Error()},
		"broken":           {`{"profiles":{"work":{"secret_key":"hush1"`, "", Credentials{}, "is not a file of the Megaport CLI"},
		"wrong types":      {`{"active_profile":"w","profiles":{"w":{"secret_key":["hush1"]}}}`, "", Credentials{}, "is not a file of the Megaport CLI"},
		"with a BOM":       {"\xef\xbb\xbf" + file, "", Credentials{"a1", "hush1", "production"}, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "config.json")
			if err := os.WriteFile(path, []byte(tt.file), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := CredentialsFromProfile(path, tt.profile)
			if tt.fails == "" {
				if err != nil || got != tt.want {
					t.Errorf("got %v, %v", got, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.fails) || strings.Contains(err.Error(), "hush") {
				t.Errorf("error is %v, want %q", err, tt.fails)
			}
		})
	}
	missing := filepath.Join(t.TempDir(), "none.json")
	if _, err := CredentialsFromProfile(missing, ""); !errors.Is(err, ErrNoCredentials) {
		t.Errorf("no file: %v", err)
	}
	if _, err := CredentialsFromProfile(missing, "work"); err == nil || errors.Is(err, ErrNoCredentials) || !strings.Contains(err.Error(), missing) {
		t.Errorf("no file for a profile that was asked for: %v", err)
	}
}

func TestProfilePath(t *testing.T) {
	t.Setenv("HOME", "/home/me")
	if got, err := ProfilePath(env(nil)); err != nil || got != filepath.FromSlash("/home/me/.megaport/config.json") {
		t.Errorf("got %s, %v", got, err)
	}
	if got, err := ProfilePath(env(map[string]string{"MEGAPORT_CONFIG_DIR": "/etc/mp"})); err != nil || got != filepath.FromSlash("/etc/mp/config.json") {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestCredentialsFromCommand(t *testing.T) {
	tests := map[string]struct{ command, fails string }{
		"prints both":  {`printf '{"accessKey":"a","secretKey":"hush","environment":"staging"}\n'`, ""},
		"fails":        {`echo hush; echo hush >&2; exit 3`, "credentials command failed: exit status 3"},
		"prints other": {`echo hush`, "must print"},
		"prints half":  {`echo '{"accessKey":"a"}'`, "no accessKey or no secretKey"},
		"prints types": {`echo '{"accessKey":"a","secretKey":{"x":"hush"}}'`, "must print"},
		"prints twice": {`echo '{"accessKey":"a","secretKey":"hush"}{}'`, "must print"},
		"is empty":     {"  ", ErrNoCredentials.Error()},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := CredentialsFromCommand(t.Context(), tt.command)
			if tt.fails == "" {
				if want := (Credentials{"a", "hush", "staging"}); err != nil || got != want {
					t.Errorf("got %v, %v", got, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.fails) || strings.Contains(err.Error(), "hush") {
				t.Errorf("error is %v, want %q", err, tt.fails)
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := CredentialsFromCommand(ctx, "sleep 60"); !errors.Is(err, context.Canceled) {
		t.Errorf("after giving up: %v", err)
	}
}
