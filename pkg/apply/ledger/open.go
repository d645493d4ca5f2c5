package ledger

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
)

// OpenStore opens the store of a URL or path:
//
//   - "" is the local folder defaultDir;
//   - a path, or file:///path, is a local folder; a relative path counts from the
//     working directory;
//   - s3://bucket/prefix is a bucket, with or without a prefix. Settings follow a
//     question mark: region, endpoint (the http or https address of another
//     server than AWS), use_path_style (true for most servers of one's own),
//     profile (of the AWS configuration), ssetype and kmskeyid (encryption).
//
// Everything else is an error that names the allowed forms. Secrets in a URL are
// refused, and no error repeats a URL.
func OpenStore(ctx context.Context, url, defaultDir string) (Store, error) {
	if url == "" {
		url = defaultDir
	}
	where, err := parsePlace(url)
	if err != nil {
		return nil, err
	}
	var store Store
	if where.bucket != "" {
		store, err = openBucket(ctx, where)
	} else {
		store, err = OpenLocal(where.dir)
	}
	if err != nil {
		return nil, err // and no nil *Local in a Store, which is not a nil Store
	}
	return store, nil
}

// place is a store's place, taken apart: a folder, or a bucket with a prefix
// that neither begins nor ends with a slash.
type place struct {
	dir            string
	bucket, prefix string
	settings       map[string]string
}

// settingForms is what the settings of a bucket's URL may be. None can hold a
// secret, so that a place may be shown to anybody.
var settingForms = map[string]*regexp.Regexp{
	"region":         regexp.MustCompile(`^[a-z0-9-]{1,64}$`),
	"endpoint":       regexp.MustCompile(`^https?://[A-Za-z0-9.:\[\]-]+(/[A-Za-z0-9._/-]*)?$`),
	"use_path_style": regexp.MustCompile(`^(true|false)$`),
	"profile":        regexp.MustCompile(`^[A-Za-z0-9._@-]{1,128}$`),
	"ssetype":        regexp.MustCompile(`^(AES256|aws:kms|aws:kms:dsse)$`),
	"kmskeyid":       regexp.MustCompile(`^[A-Za-z0-9:/_-]{1,256}$`),
}

// settingNames are the settings in the order in which people see them.
var settingNames = []string{"region", "endpoint", "use_path_style", "profile", "ssetype", "kmskeyid"}

var allowedForms = "write a path, file:///path, or s3://bucket/prefix?region=... (settings: " + strings.Join(settingNames, ", ") + ")"

// What else an address is made of.
var (
	schemeForm  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]+:`) // one letter is a drive
	bucketForm  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]$`)
	settingForm = regexp.MustCompile(`^[a-z][a-z_-]{0,31}$`)
)

// badPlace is an error about a URL, which must not repeat it: what is wrong with
// it may be that it holds a secret.
func badPlace(format string, args ...any) error {
	return &placeError{text: fmt.Sprintf(format, args...), hint: allowedForms}
}

// placeError says why a URL names no store.
type placeError struct{ text, hint string }

func (e *placeError) Error() string { return "ledger: the address of the state: " + e.text }

// Hint names the allowed forms.
func (e *placeError) Hint() string { return e.hint }

// secretError refuses a URL with a secret in it.
func secretError() error {
	return &placeError{
		text: "it holds credentials, and addresses are shown and logged",
		hint: "take them out, and change them if others have seen it; " + credentialHint,
	}
}

// parsePlace takes a URL or path apart.
func parsePlace(raw string) (place, error) {
	scheme := strings.ToLower(strings.TrimSuffix(schemeForm.FindString(raw), ":"))
	switch {
	case raw == "":
		return place{}, badPlace("it is empty")
	case strings.HasPrefix(raw, "~"):
		return place{}, badPlace("~ is for a shell to replace, and none did: write the whole path")
	case scheme == "":
		return place{dir: raw}, nil
	case scheme != "s3" && scheme != "file":
		return place{}, badPlace("a ledger cannot be kept at a %s: address", scheme)
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil: // whose text repeats the URL
		return place{}, badPlace("it is not a well-formed %s: address", scheme)
	case u.User != nil:
		return place{}, secretError()
	case u.Fragment != "" || strings.Contains(raw, "#"):
		return place{}, badPlace("there is a # in it, which means nothing here")
	case scheme == "file":
		return parseFolder(u)
	}
	return parseBucket(u)
}

func parseFolder(u *url.URL) (place, error) {
	switch {
	case u.Host != "" && u.Host != "localhost", u.Path == "":
		return place{}, badPlace("file: takes three slashes and a whole path")
	case u.RawQuery != "" || u.ForceQuery:
		return place{}, badPlace("file: takes no settings")
	}
	dir := u.Path
	if runtime.GOOS == "windows" {
		dir = strings.TrimPrefix(dir, "/") // file:///C:/folder
	}
	return place{dir: filepath.FromSlash(dir)}, nil
}

func parseBucket(u *url.URL) (place, error) {
	where := place{bucket: u.Host, prefix: strings.Trim(u.Path, "/"), settings: map[string]string{}}
	switch {
	case u.Host == "" || u.Opaque != "":
		return place{}, badPlace("it names no bucket")
	case u.Port() != "":
		return place{}, badPlace("a bucket's name has no port: a server is named by ?endpoint=http://host:port")
	case !bucketForm.MatchString(u.Host):
		return place{}, badPlace("buckets have names of 3 to 63 letters, digits, dots and hyphens")
	}
	if where.prefix != "" {
		if err := checkSegments(where.prefix); err != nil {
			return place{}, badPlace("the prefix %s", err)
		}
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil { // whose text repeats the query
		return place{}, badPlace("what follows the question mark is not name=value&name=value")
	}
	for name, values := range query {
		if err := checkSetting(name, values); err != nil {
			return place{}, err
		}
		where.settings[name] = values[0]
	}
	return where, nil
}

// checkSetting refuses what a bucket's URL must not set.
func checkSetting(name string, values []string) error {
	form, known := settingForms[name]
	switch {
	case !known && looksSecret(name):
		return secretError()
	case !known && settingForm.MatchString(name):
		return badPlace("there is no setting %q", name)
	case !known:
		return badPlace("there is a setting that is not known")
	case len(values) != 1:
		return badPlace("%s is set more than once", name)
	case name == "endpoint" && strings.Contains(values[0], "@"):
		return secretError()
	case !form.MatchString(values[0]):
		return badPlace("%s has a value that it cannot have", name)
	}
	if name != "endpoint" {
		return nil
	}
	if endpoint, err := url.Parse(values[0]); err != nil || endpoint.Hostname() == "" {
		return badPlace("endpoint is not the address of a server")
	}
	return nil
}

// looksSecret says that the name of a setting is one for secrets.
func looksSecret(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc([]string{"key", "secret", "token", "password", "credential", "signature"}, func(word string) bool {
		return strings.Contains(name, word)
	})
}

// String is the place for people; it can be given to [OpenStore] again.
func (p place) String() string {
	if p.bucket == "" {
		return p.dir
	}
	text := "s3://" + p.bucket
	if p.prefix != "" {
		text += "/" + p.prefix
	}
	separator := "?"
	for _, name := range settingNames {
		if value, set := p.settings[name]; set {
			text += separator + name + "=" + value
			separator = "&"
		}
	}
	return text
}
