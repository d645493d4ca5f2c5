package inventory

import (
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"unicode/utf8"
)

// schemeLike is the beginning of a URL. One letter is a drive of Windows.
var schemeLike = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9+.-]+):`)

// ledger reads where claims and lock are kept: the URL of a bucket, or a path,
// which is taken from the directory of the file that it stands in, so that it
// names the same place wherever portctl is started.
func (r *reader) ledger(v *yamlNode) string {
	text, ok := r.text(v, "state", unlimited)
	if !ok {
		return ""
	}
	problem, hint := "", ""
	if m := schemeLike.FindStringSubmatch(text); m != nil {
		problem, hint = badBucket(text, m[1])
	} else if strings.HasPrefix(text, "~") {
		problem, hint = "~ is not followed in a file", "write the whole path, or one relative to this file"
	} else if !filepath.IsAbs(text) {
		text = filepath.Join(filepath.Dir(r.source.name), text)
	}
	if problem != "" {
		r.reportSecret(ruleLedger, v, problem, hint)
		return ""
	}
	return text
}

// userinfo are the credentials in a URL.
var userinfo = regexp.MustCompile(`//[^/@\s]*@`)

// reportSecret reports a problem without showing the credentials in its line.
func (r *reader) reportSecret(rule string, v *yamlNode, message, hint string) {
	d := r.source.atNode(rule, v, message, hint)
	d.Snippet = userinfo.ReplaceAllStringFunc(d.Snippet, func(secret string) string {
		return "//" + strings.Repeat("*", utf8.RuneCountInString(secret)-3) + "@"
	})
	r.add(d)
}

// bucketURL is the form of the URL of a bucket.
var bucketURL = regexp.MustCompile(patternBucket)

func badBucket(text, scheme string) (problem, hint string) {
	const form = "write s3://bucket/prefix, or a path relative to this file"
	_, err := url.Parse(text)
	switch {
	case scheme != "s3":
		return fmt.Sprintf("state cannot be kept at %s: addresses", scheme), form
	case userinfo.MatchString(text): // Not quoted: what stands there may be a secret.
		return "state holds credentials, and a file under review is no place for them", "leave them to the environment, and write s3://bucket/prefix"
	case err != nil || !bucketURL.MatchString(text):
		return "state does not name a bucket", form
	}
	return "", ""
}
