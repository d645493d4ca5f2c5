package megaport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
)

// Credentials are an API key of the Megaport Portal.
type Credentials struct {
	// AccessKey is the key's public half.
	AccessKey string
	// SecretKey is the key's secret half.
	SecretKey Secret
	// Environment is the environment that the source says the key belongs to; empty
	// when it does not say.
	Environment string
}

// String hides both halves.
func (Credentials) String() string { return "API key " + redacted }

// Format hides both halves from every verb.
func (c Credentials) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// ErrNoCredentials means that a source has no credentials at all, so that the
// next one may be asked. A source that has them in part is a different error.
var ErrNoCredentials = errors.New("there are no credentials: set MEGAPORT_ACCESS_KEY and MEGAPORT_SECRET_KEY")

// CredentialsFromEnv reads MEGAPORT_ACCESS_KEY and MEGAPORT_SECRET_KEY. When
// neither is set the error is ErrNoCredentials.
func CredentialsFromEnv(getenv func(string) string) (Credentials, error) {
	access, secret := strings.TrimSpace(getenv("MEGAPORT_ACCESS_KEY")), strings.TrimSpace(getenv("MEGAPORT_SECRET_KEY"))
	switch {
	case access == "" && secret == "":
		return Credentials{}, ErrNoCredentials
	case access == "":
		return Credentials{}, errors.New("MEGAPORT_SECRET_KEY is set, but MEGAPORT_ACCESS_KEY is not")
	case secret == "":
		return Credentials{}, errors.New("MEGAPORT_ACCESS_KEY is set, but MEGAPORT_SECRET_KEY is not")
	}
	return Credentials{AccessKey: access, SecretKey: Secret(secret)}, nil
}

// ProfilePath is where the official CLI keeps its profiles: config.json in the
// folder MEGAPORT_CONFIG_DIR, or else in ~/.megaport.
func ProfilePath(getenv func(string) string) (string, error) {
	if dir := getenv("MEGAPORT_CONFIG_DIR"); dir != "" {
		return filepath.Join(dir, "config.json"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("the folder of the Megaport CLI's profiles is not known: %w", err)
	}
	return filepath.Join(home, ".megaport", "config.json"), nil
}

// profileFile is as much of the official CLI's file as is of use here.
type profileFile struct {
	ActiveProfile string             `json:"active_profile"`
	Profiles      map[string]profile `json:"profiles"`
}

type profile struct {
	AccessKey   string `json:"access_key"`
	SecretKey   string `json:"secret_key"`
	Environment string `json:"environment"`
}

// CredentialsFromProfile reads a profile of the official CLI's file; an empty
// name means the active one. When no profile is named and there is no file, or
// none is active, the error is ErrNoCredentials.
func CredentialsFromProfile(path, name string) (Credentials, error) {
	file, err := readProfiles(path)
	if errors.Is(err, fs.ErrNotExist) && name == "" {
		return Credentials{}, ErrNoCredentials
	}
	if err != nil {
		return Credentials{}, err
	}
	if name == "" {
		name = file.ActiveProfile
	}
	if name == "" {
		return Credentials{}, ErrNoCredentials
	}
	p, ok := file.Profiles[name]
	if !ok {
		return Credentials{}, fmt.Errorf("%s has no profile %q; %s", path, name, known(file))
	}
	return p.credentials(path, name)
}

// readProfiles does not pass on what the JSON decoder says: it may quote the file.
func readProfiles(path string) (profileFile, error) {
	var file profileFile
	data, err := os.ReadFile(path)
	if err != nil {
		return file, fmt.Errorf("the Megaport CLI's profiles cannot be read: %w", err)
	}
	if err := json.Unmarshal(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), &file); err != nil {
		return file, fmt.Errorf("%s is not a file of the Megaport CLI's profiles: its JSON has another form", path)
	}
	return file, nil
}

func known(f profileFile) string {
	if len(f.Profiles) == 0 {
		return "it has none"
	}
	return "it has " + strings.Join(slices.Sorted(maps.Keys(f.Profiles)), ", ")
}

func (p profile) credentials(path, name string) (Credentials, error) {
	c := Credentials{
		AccessKey: strings.TrimSpace(p.AccessKey), SecretKey: Secret(strings.TrimSpace(p.SecretKey)),
		Environment: p.Environment,
	}
	for field, value := range map[string]string{"access_key": c.AccessKey, "secret_key": c.SecretKey.Reveal()} {
		if value == "" {
			return Credentials{}, fmt.Errorf("profile %q in %s has no %s", name, path, field)
		}
		if strings.EqualFold(value, redacted) { // what the CLI writes into an export
			return Credentials{}, fmt.Errorf("the %s of profile %q in %s was taken out by an export", field, name, path)
		}
	}
	return c, nil
}

// wireCredentials is what a credentials command prints.
type wireCredentials struct {
	AccessKey   string `json:"accessKey"`
	SecretKey   string `json:"secretKey"`
	Environment string `json:"environment"`
}

// CredentialsFromCommand runs a command line in the system's shell and reads
// {"accessKey": "...", "secretKey": "..."} from what it prints. Its output is
// never part of an error, nor is what it writes to stderr: either may hold the key.
func CredentialsFromCommand(ctx context.Context, command string) (Credentials, error) {
	if strings.TrimSpace(command) == "" {
		return Credentials{}, ErrNoCredentials
	}
	shell, flag := "sh", "-c"
	if runtime.GOOS == "windows" {
		shell, flag = "cmd", "/C"
	}
	out, err := exec.CommandContext(ctx, shell, flag, command).Output()
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return Credentials{}, fmt.Errorf("the credentials command failed: %w; run it by hand to see why", err)
	}
	var w wireCredentials
	if json.Unmarshal(out, &w) != nil {
		return Credentials{}, errors.New(`the credentials command must print {"accessKey": "...", "secretKey": "..."} and nothing else`)
	}
	if w.AccessKey == "" || w.SecretKey == "" {
		return Credentials{}, errors.New("the credentials command printed no accessKey or no secretKey")
	}
	return Credentials{AccessKey: w.AccessKey, SecretKey: Secret(w.SecretKey), Environment: w.Environment}, nil
}
