package megaport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
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
	// UID is the approval's own; empty when it has none that can be read.
	UID string
	// ID is the approval's number.
	ID int
	// ReferenceID is the API's reference.
	ReferenceID string
	// Status is one of the Approval constants, in upper case.
	Status string
	// Type is NEW_ORDER, TERM_CHANGE or SPEED_CHANGE, in upper case.
	Type string
	// Active is the API's word.
	Active bool
	// ServiceID is the number of the service it is about; 0 when there is none yet.
	ServiceID int
	// Comment is a person's.
	Comment string
	// CreateDate is when it was asked for; zero when unknown.
	CreateDate time.Time
	// Detail is the order itself as raw JSON; its shape is not public. In one test of
	// the official SDK it has a list productRequest (API facts §3.5, confidence A).
	Detail []byte
	// Order is what was recognised in Detail.
	Order ApprovalOrder
}

// ApprovalOrder is what could be recognised of an order within an approval.
type ApprovalOrder struct {
	// Texts are the texts among its values that can be its name: no keys, no tags, no
	// comments, nothing that names a person or a kind of thing.
	Texts []string
	// Tags are the values of its resource tags by key; there may be several orders in
	// one approval.
	Tags map[string][]string
	// LocationID and Speed (Mbps) are 0 when they are not told, or told in more than
	// one way.
	LocationID, Speed int
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
// seen twice is listed once. Should fewer come than announced, the pages may count
// from 0, so that one is read as well.
func (s *ApprovalService) List(ctx context.Context) ([]Approval, error) {
	l := approvalList{all: []Approval{}, seen: map[string]bool{}}
	announced := -1
	for page := 1; page <= approvalMaxPages; page++ {
		list, p, err := s.page(ctx, page)
		if err != nil {
			return nil, err
		}
		if page == 1 {
			announced = p.count // later pages count what was added meanwhile
		}
		if added := l.add(list); p.last(page, len(list)) || !added {
			return s.complete(ctx, l, announced)
		}
	}
	return nil, fmt.Errorf("megaport: the order approvals have more than %d pages", approvalMaxPages)
}

// approvalList collects approvals from pages that may overlap.
type approvalList struct {
	all  []Approval
	seen map[string]bool
}

// add says whether any was new.
func (l *approvalList) add(page []Approval) bool {
	before := len(l.all)
	for _, a := range page {
		if key := a.key(); !l.seen[key] {
			l.seen[key] = true
			l.all = append(l.all, a)
		}
	}
	return len(l.all) > before
}

// key tells approvals apart, also those that do not show their UID.
func (a Approval) key() string {
	if a.UID != "" {
		return strings.ToLower(a.UID)
	}
	return fmt.Sprintf("%d %q %s %s", a.ID, a.ReferenceID, a.CreateDate, a.Detail)
}

// complete refuses a list that is shorter than announced: a pending order that is
// overlooked would be ordered again.
func (s *ApprovalService) complete(ctx context.Context, l approvalList, announced int) ([]Approval, error) {
	if announced > len(l.all) {
		first, _, err := s.page(ctx, 0)
		if err != nil {
			return nil, fmt.Errorf("megaport: only %d of %d order approvals could be read: %w", len(l.all), announced, err)
		}
		l.add(first)
	}
	if announced > len(l.all) {
		return nil, fmt.Errorf("megaport: only %d of %d order approvals could be read", len(l.all), announced)
	}
	return l.all, nil
}

func (s *ApprovalService) page(ctx context.Context, number int) ([]Approval, pages, error) {
	var list []Approval
	var p pages
	_, err := s.client.do(ctx, call{
		class: classRead, method: http.MethodGet, path: "/v3/order_approvals", timeout: timeoutAside, patience: patienceAside, kept: true,
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

// wireApproval is an element of the listing (API facts §3.5, confidence A). Its
// status alone has to be readable: without it, one that waits could not be told
// from one that does not.
type wireApproval struct {
	UID         looseText      `json:"uid"`
	ID          looseInt       `json:"id"`
	ReferenceID looseText      `json:"referenceId"`
	Status      wireText       `json:"status"`
	Type        looseText      `json:"type"`
	Active      looseBool      `json:"active"`
	ServiceID   looseInt       `json:"serviceId"`
	Comment     looseText      `json:"comment"`
	CreateDate  looseDate      `json:"createDate"`
	Detail      jsontext.Value `json:"detail"`
}

func decodeApprovals(body io.Reader) ([]Approval, error) {
	list := []Approval{}
	err := readObjects(body, func(i int, w wireApproval, err error) error {
		switch {
		case err != nil:
		case folded(w.Status.text) == "":
			err = errors.New("field status is missing")
		case w.Status.damaged:
			err = errors.New("field status holds invalid UTF-8")
		}
		if err != nil {
			return fmt.Errorf("approval number %d: %w", i+1, err)
		}
		list = append(list, w.approval())
		return nil
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

func (w wireApproval) approval() Approval {
	return Approval{
		UID: w.UID.text, ID: w.ID.int(), ReferenceID: w.ReferenceID.text, Status: folded(w.Status.text),
		Type: folded(w.Type.text), Active: w.Active.value, ServiceID: w.ServiceID.int(), Comment: w.Comment.text,
		CreateDate: w.CreateDate.at, Detail: w.Detail, Order: orderIn(w.Detail),
	}
}

// orderIn looks for an order in JSON whose shape is not known: however deep the
// values are, and also in a text that is JSON itself.
func orderIn(detail jsontext.Value) ApprovalOrder {
	f := orderFinder{tags: map[string][]string{}, locations: map[int]bool{}, speeds: map[int]bool{}}
	f.value("", detail, 0)
	return ApprovalOrder{Texts: f.texts, Tags: f.tags, LocationID: only(f.locations), Speed: only(f.speeds)}
}

// only is the one number there is, or 0.
func only(numbers map[int]bool) int {
	if len(numbers) != 1 {
		return 0
	}
	for n := range numbers {
		return n
	}
	return 0
}

type orderFinder struct {
	texts             []string
	tags              map[string][]string
	locations, speeds map[int]bool
}

func (f *orderFinder) value(name string, v jsontext.Value, depth int) {
	if depth > 32 {
		return
	}
	switch digits, number := numberText(v); {
	case v.Kind() == '{':
		f.object(name, v, depth)
	case v.Kind() == '[':
		for _, item := range elements(v) {
			f.value(name, item, depth+1)
		}
	case number && strings.EqualFold(name, "locationId"):
		note(f.locations, digits)
	case number && strings.EqualFold(name, "portSpeed"):
		note(f.speeds, digits)
	case v.Kind() == '"':
		f.text(name, unquote(v), depth)
	}
}

func (f *orderFinder) object(name string, v jsontext.Value, depth int) {
	names, values := members(v)
	tag := func(key, value string) { f.tags[key] = append(f.tags[key], value) }
	k, w := slices.Index(names, "key"), slices.Index(names, "value")
	if k >= 0 && w >= 0 && values[k].Kind() == '"' && values[w].Kind() == '"' {
		tag(unquote(values[k]), unquote(values[w]))
		return
	}
	for i, inner := range names {
		switch {
		case strings.HasSuffix(strings.ToLower(name), "tags") && values[i].Kind() == '"':
			tag(inner, unquote(values[i]))
		case !aboutOthers(inner):
			f.value(inner, values[i], depth+1)
		}
	}
}

func note(numbers map[int]bool, digits string) {
	if n, err := wholeNumber(digits); err == nil && n > 0 && n < 1<<31 {
		numbers[int(n)] = true
	}
}

func (f *orderFinder) text(name, text string, depth int) {
	inner := jsontext.Value(strings.TrimSpace(text))
	if k := inner.Kind(); (k == '{' || k == '[') && inner.IsValid(jsontext.AllowDuplicateNames(true), tolerant()) {
		f.value(name, inner, depth+1)
		return
	}
	if text != "" {
		f.texts = append(f.texts, text)
	}
}

// aboutOthers says that a member tells of something other than the order's name and
// tags: what a person wrote or is called, the company, or what kind of thing it is.
// "key" is a tag's key.
func aboutOthers(member string) bool {
	member = strings.ToLower(member)
	if slices.Contains([]string{
		"key", "type", "status", "origin", "market", "metro", "currency", "config", "diversityzone", "promocode", "costcentre",
		"producttype", "ordertype", "servicetype", "provisioningstatus", "usagealgorithm", "ratetype",
		"position", "firstname", "lastname", "email", "phone", "acctname", "acctref",
	}, member) {
		return true
	}
	return slices.ContainsFunc([]string{"comment", "reason", "note", "user", "person", "requester", "requested", "approver", "approved", "createdby", "updatedby", "contact", "company", "employee", "customer"},
		func(part string) bool { return strings.Contains(member, part) })
}
