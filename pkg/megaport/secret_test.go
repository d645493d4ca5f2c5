package megaport

import (
	"bytes"
	stdjson "encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/rs/zerolog"
	"gopkg.in/yaml.v3"
)

func TestSecretIsNeverShown(t *testing.T) {
	const value = "hush-hush"
	holders := map[string]any{
		"secret":      Secret(value),
		"pointer":     new(Secret),
		"credentials": Credentials{AccessKey: "hush-key", SecretKey: value},
		"options":     Options{Credentials: Credentials{AccessKey: "hush-key", SecretKey: value}},
		"slice":       []Secret{value},
		"map":         map[string]Secret{"k": value},
	}
	*holders["pointer"].(*Secret) = value
	for name, v := range holders {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%T", "%10.3s", "%U"} {
			if got := fmt.Sprintf(verb, v); strings.Contains(got, value) || strings.Contains(got, fmt.Sprintf("%x", value)) || strings.Contains(got, "hush-key") {
				t.Errorf("%s shown by %s: %s", name, verb, got)
			}
		}
	}
	encoders := map[string]func(any) ([]byte, error){
		"encoding/json": stdjson.Marshal,
		"json":          func(v any) ([]byte, error) { return json.Marshal(v) },
		"yaml":          yaml.Marshal,
		"zerolog": func(v any) ([]byte, error) {
			var b bytes.Buffer
			l := zerolog.New(&b)
			l.Info().Interface("v", v).Any("w", v).Msg("m")
			return b.Bytes(), nil
		},
	}
	for name, encode := range encoders {
		got, err := encode(struct{ S Secret }{value})
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(got, []byte(value)) || !bytes.Contains(got, []byte(redacted)) {
			t.Errorf("%s writes %s", name, got)
		}
	}
	if Secret(value).Reveal() != value {
		t.Error("Reveal does not")
	}
}

func TestEnvironments(t *testing.T) {
	for _, e := range Environments() {
		got, ok := LookupEnvironment(e.Name)
		if !ok || got != e {
			t.Errorf("%s is looked up as %+v", e.Name, got)
		}
		if _, err := New(Options{BaseURL: e.BaseURL, TokenURL: e.TokenURL}); err != nil {
			t.Error(err)
		}
	}
	if e, ok := LookupEnvironment(" Production"); !ok || e.Name != "production" {
		t.Errorf("in upper case: %+v", e)
	}
	if e, ok := LookupEnvironment("prod"); ok {
		t.Errorf("a name is exact, but gave %+v", e)
	}
	e, _ := LookupEnvironment("staging")
	if e.BaseURL != "https://api-staging.megaport.com" || e.TokenURL != "https://auth-m2m-staging.megaport.com/oauth2/token" {
		t.Errorf("staging is %+v", e)
	}
}

func TestNewRefusesUnsafeOptions(t *testing.T) {
	tests := map[string]struct {
		options Options
		want    string
	}{
		"nothing":         {Options{}, "base URL is missing"},
		"no scheme":       {Options{BaseURL: "api.megaport.com"}, "must look like https://host"},
		"not a URL":       {Options{BaseURL: "https://%zz"}, "not a URL"},
		"a password":      {Options{BaseURL: "https://me:hush@api.test"}, "must not hold a user name"},
		"plain http":      {Options{BaseURL: "http://api.test"}, "must use https"},
		"plain token":     {Options{BaseURL: "https://api.test", TokenURL: "http://auth.test/"}, `token URL "http://auth.test/" must use https`},
		"a query":         {Options{BaseURL: "https://api.test?x=1"}, "no query"},
		"another scheme":  {Options{BaseURL: "ftp://api.test"}, "must look like https://host"},
		"concurrency":     {Options{BaseURL: "https://api.test", Concurrency: -1}, "concurrency must be positive"},
		"call context":    {Options{BaseURL: "https://api.test", CallContext: "a\r\nX: y"}, "plain ASCII"},
		"user agent":      {Options{BaseURL: "https://api.test", UserAgent: "a\nb"}, "plain ASCII"},
		"http elsewhere6": {Options{BaseURL: "http://[2001:db8::1]"}, "must use https"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := New(tt.options)
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "hush") {
				t.Errorf("error is %v, want %q", err, tt.want)
			}
		})
	}
	for _, loopback := range []string{"http://127.0.0.1:8080", "http://localhost", "http://[::1]:1", "https://api.test/prefix/"} {
		if _, err := New(Options{BaseURL: loopback}); err != nil {
			t.Errorf("%s: %v", loopback, err)
		}
	}
}
