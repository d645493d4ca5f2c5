package megaport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// The states of an approval (API facts §3.5, confidence A).
const (
	ApprovalPending   = "PENDING"
	ApprovalApproved  = "APPROVED"
	ApprovalRejected  = "REJECTED"
	ApprovalFailed    = "FAILED"
	ApprovalWithdrawn = "WITHDRAWN"
	ApprovalExpired   = "EXPIRED"
)

// Approval is an order or a change that a second person has to agree to.
type Approval struct {
	// UID is the approval's own.
	UID string
	// ID is the approval's number.
	ID int
	// ReferenceID is the API's reference.
	ReferenceID string
	// Status is one of the Approval constants.
	Status string
	// Type is NEW_ORDER, TERM_CHANGE or SPEED_CHANGE.
	Type string
	// Active is the API's word.
	Active bool
	// ServiceID is the number of the service it is about; 0 when there is none yet.
	ServiceID int
	// Comment is a person's.
	Comment string
	// CreateDate is when it was asked for; zero when unknown.
	CreateDate time.Time
	// Detail is the order itself as raw JSON; its shape is not public.
	Detail []byte
	// Raw is the whole approval as it came, for finding an order in it by words.
	Raw []byte
}

// ApprovalService reads order approvals.
type ApprovalService struct {
	client *Client
}

const (
	approvalPageSize = 100   // the most that one page holds (API facts §3.5, confidence A)
	approvalMaxPages = 1_000 // a server that never ends its pages is broken
)

// List reads all approvals, whatever their state, page by page (API facts §3.5,
// confidence A). An approval may appear or move while pages are read; one that is
// seen twice is listed once.
func (s *ApprovalService) List(ctx context.Context) ([]Approval, error) {
	all := []Approval{}
	seen := map[string]bool{}
	announced := -1
	for page := 1; page <= approvalMaxPages; page++ {
		list, p, err := s.page(ctx, page)
		if err != nil {
			return nil, err
		}
		if page == 1 {
			announced = p.count // later pages count what was added meanwhile
		}
		before := len(all)
		for _, a := range list {
			if !seen[a.UID] {
				seen[a.UID] = true
				all = append(all, a)
			}
		}
		if p.last(page, len(list)) || len(all) == before {
			return complete(all, announced)
		}
	}
	return nil, fmt.Errorf("megaport: the order approvals have more than %d pages", approvalMaxPages)
}

func (s *ApprovalService) page(ctx context.Context, number int) ([]Approval, pages, error) {
	var list []Approval
	var p pages
	_, err := s.client.do(ctx, call{
		class: classRead, method: http.MethodGet, path: "/v3/order_approvals",
		query: url.Values{"pageNumber": {strconv.Itoa(number)}, "pageSize": {strconv.Itoa(approvalPageSize)}},
		decode: func(body io.Reader, a *attempt) (err error) {
			if p, err = readPages(a.header); err != nil {
				return err
			}
			list, err = decodeApprovals(body)
			return err
		},
	})
	return list, p, err
}

// pages is what the headers say about a listing in pages; -1 for what they do not.
type pages struct {
	total, count, limit int
}

func readPages(h http.Header) (pages, error) {
	var p pages
	for name, to := range map[string]*int{
		"Pagination-Total-Page":  &p.total,
		"Pagination-Total-Count": &p.count,
		"Pagination-Limit":       &p.limit,
	} {
		*to = -1
		text := h.Get(name)
		if text == "" {
			continue
		}
		n, err := strconv.ParseUint(text, 10, 31)
		if err != nil {
			return pages{}, fmt.Errorf("its header %s is %q", name, printable(text, 40))
		}
		*to = int(n)
	}
	return p, nil
}

// last reports whether there is no further page. Without the header, a page that
// is not full is the last; the server may hold less on a page than was asked for.
func (p pages) last(number, got int) bool {
	if p.total >= 0 {
		return number >= p.total
	}
	size := approvalPageSize
	if p.limit > 0 {
		size = p.limit
	}
	return got < size
}

// complete refuses a list that is shorter than announced: a pending order that is
// overlooked would be ordered again.
func complete(all []Approval, announced int) ([]Approval, error) {
	if announced > len(all) {
		return nil, fmt.Errorf("megaport: only %d of %d order approvals could be read", len(all), announced)
	}
	return all, nil
}

// wireApproval is an element of the listing (API facts §3.5, confidence A).
type wireApproval struct {
	UID         wireText       `json:"uid"`
	ID          wireInt        `json:"id"`
	ReferenceID wireText       `json:"referenceId"`
	Status      wireText       `json:"status"`
	Type        wireText       `json:"type"`
	Active      wireBool       `json:"active"`
	ServiceID   wireInt        `json:"serviceId"`
	Comment     wireText       `json:"comment"`
	CreateDate  wireDate       `json:"createDate"`
	Detail      jsontext.Value `json:"detail"`
}

func decodeApprovals(body io.Reader) ([]Approval, error) {
	list := []Approval{}
	err := readEnvelope(body, func(dec *jsontext.Decoder) error {
		return readList(dec, func(i int, dec *jsontext.Decoder) error {
			raw, err := dec.ReadValue()
			if err != nil {
				return err
			}
			raw = raw.Clone()
			var w wireApproval
			err = readObject(jsontext.NewDecoder(bytes.NewReader(raw)), &w)
			switch {
			case err != nil:
			case w.UID.text == "":
				err = errors.New("field uid is missing")
			case w.Status.text == "":
				err = errors.New("field status is missing")
			}
			if err != nil {
				return fmt.Errorf("approval number %d: %w", i+1, err)
			}
			a := w.approval()
			a.Raw = raw
			list = append(list, a)
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

func (w wireApproval) approval() Approval {
	return Approval{
		UID: w.UID.text, ID: w.ID.int(), ReferenceID: w.ReferenceID.text, Status: w.Status.text,
		Type: w.Type.text, Active: w.Active.value, ServiceID: w.ServiceID.int(), Comment: w.Comment.text,
		CreateDate: w.CreateDate.time(), Detail: w.Detail,
	}
}
