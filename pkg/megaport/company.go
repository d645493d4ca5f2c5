package megaport

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// CompanyService reads what the account says of itself.
type CompanyService struct {
	client  *Client
	managed bool // the calls are made for a managed company
}

// Companies are those that an account names as its own.
type Companies struct {
	// UIDs are in lower case, without repetition. The published answers name a
	// company by its number and its name only (API facts §1.8, confidence A), so be
	// ready for none.
	UIDs []string
	// Names are the distinct ones, as they are spelled. Products have the name too
	// (API facts §4.2, confidence A).
	Names []string
}

// Get asks whose account it is, for one that has no ports to tell: the companies
// that its billing markets and its users name. The error is set only when neither
// could be read.
func (s *CompanyService) Get(ctx context.Context) (Companies, error) {
	paths := []string{"/v2/market", "/v2/employment"}
	if s.managed { // the markets would be the partner's own (API facts §1.4, confidence B)
		paths = paths[1:]
	}
	var found Companies
	var failures []error
	for _, path := range paths {
		of, err := s.read(ctx, path)
		if err != nil {
			failures = append(failures, err)
		}
		for _, uid := range of.UIDs {
			found.UIDs = withText(found.UIDs, uid)
		}
		for _, name := range of.Names {
			found.Names = withText(found.Names, name)
		}
	}
	if len(failures) == len(paths) {
		return Companies{}, errors.Join(failures...)
	}
	return found, nil
}

// readableName is a company's name. One that holds invalid UTF-8 is
// none: it would equal no other.
func readableName(name string) string {
	if strings.ContainsRune(name, utf8.RuneError) {
		return ""
	}
	return strings.TrimSpace(name)
}

// withText adds a text that is not empty and not there yet.
func withText(texts []string, text string) []string {
	if text == "" || slices.Contains(texts, text) {
		return texts
	}
	return append(texts, text)
}

func (s *CompanyService) read(ctx context.Context, path string) (Companies, error) {
	q := call{class: classRead, method: http.MethodGet, path: path, timeout: timeoutAside, patience: patienceAside}
	return ask(ctx, s.client, q, alone(decodeCompanies))
}

// wireCompany is a billing market or a user, as far as it can name a company. Users
// have companyName (API facts §1.8, confidence A). No published answer has the other
// fields; they are called as in the product listing (a guess, D).
type wireCompany struct {
	CompanyUID  looseText `json:"companyUid"`
	CompanyName looseText `json:"companyName"`
	Company     loose[struct {
		CompanyUID looseText `json:"companyUid"`
		UID        looseText `json:"uid"`
	}] `json:"company"`
}

// decodeCompanies reads the envelope, or the bare list that an older test of the
// official SDK has for users (API facts §1.8, confidence A). What persons are
// called is passed over.
func decodeCompanies(body io.Reader) (Companies, error) {
	data, err := io.ReadAll(skipMark(body))
	if err != nil {
		return Companies{}, err
	}
	var found Companies
	one := func(_ int, dec *jsontext.Decoder) error {
		v, err := dec.ReadValue()
		if err != nil {
			return err
		}
		var w loose[wireCompany]
		if err := json.Unmarshal(v, &w, tolerant(), jsontext.AllowDuplicateNames(true)); err != nil {
			return fieldError(err)
		}
		of := w.value.Company.value
		for _, uid := range []string{w.value.CompanyUID.text, of.CompanyUID.text, of.UID.text} {
			if uid = strings.ToLower(strings.TrimSpace(uid)); isUUID(uid) {
				found.UIDs = withText(found.UIDs, uid)
			}
		}
		found.Names = withText(found.Names, readableName(w.value.CompanyName.text))
		return nil
	}
	list := func(dec *jsontext.Decoder) error { return readList(dec, one) }
	if begin := bytes.TrimSpace(data); len(begin) > 0 && begin[0] == '[' {
		data = slices.Concat([]byte(`{"data":`), data, []byte(`}`))
	}
	if err := readEnvelope(bytes.NewReader(data), list); err != nil {
		return Companies{}, err
	}
	return found, nil
}
