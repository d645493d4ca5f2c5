package megaport

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// CompanyService reads what the account says of itself.
type CompanyService struct {
	client  *Client
	managed bool // the calls are made for a managed company
}

// UIDs asks whose account it is, for one that has no ports to tell: the companies
// that its billing markets and its users name, in lower case, without repetition.
// The published answers name a company by its number at most (API facts §0.11,
// confidence A), so be ready for none. The error is set only when neither could be
// read.
func (s *CompanyService) UIDs(ctx context.Context) ([]string, error) {
	paths := []string{"/v2/market", "/v2/employment"}
	if s.managed { // the markets would be the partner's own (API facts §1.4, confidence B)
		paths = paths[1:]
	}
	found := []string{}
	var failures []error
	for _, path := range paths {
		uids, err := s.read(ctx, path)
		if err != nil {
			failures = append(failures, err)
		}
		for _, uid := range uids {
			if !slices.Contains(found, uid) {
				found = append(found, uid)
			}
		}
	}
	if len(failures) == len(paths) {
		return nil, errors.Join(failures...)
	}
	return found, nil
}

func (s *CompanyService) read(ctx context.Context, path string) ([]string, error) {
	var uids []string
	_, err := s.client.do(ctx, call{
		class: classRead, method: http.MethodGet, path: path, patience: patienceAside,
		decode: func(body io.Reader, _ *attempt) (err error) {
			uids, err = decodeCompanies(body)
			return err
		},
	})
	return uids, err
}

// wireCompany is a billing market or a user, as far as it can name a company. No
// published answer has these fields; the names are those of the product listing (a
// guess, D).
type wireCompany struct {
	CompanyUID looseText `json:"companyUid"`
	Company    loose[struct {
		CompanyUID looseText `json:"companyUid"`
		UID        looseText `json:"uid"`
	}] `json:"company"`
}

// decodeCompanies reads the envelope, or the bare list that an older test of the
// official SDK has for users (API facts §0.11, confidence A). What persons are
// called is passed over.
func decodeCompanies(body io.Reader) ([]string, error) {
	data, err := io.ReadAll(skipMark(body))
	if err != nil {
		return nil, err
	}
	uids := []string{}
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
			if uid = strings.ToLower(strings.TrimSpace(uid)); isUUID(uid) && !slices.Contains(uids, uid) {
				uids = append(uids, uid)
			}
		}
		return nil
	}
	list := func(dec *jsontext.Decoder) error { return readList(dec, one) }
	if begin := bytes.TrimSpace(data); len(begin) > 0 && begin[0] == '[' {
		data = slices.Concat([]byte(`{"data":`), data, []byte(`}`))
	}
	if err := readEnvelope(bytes.NewReader(data), list); err != nil {
		return nil, err
	}
	return uids, nil
}
