package ledger

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/portctl/portctl/pkg/apply/panics"
	"github.com/portctl/portctl/pkg/plan"
)

// Memory is what the ledger knows of services beyond claims. It only ever adds
// caution, or spares reading tags: nothing is bought, found or changed because of it.
type Memory struct {
	// Known has the services that entries of a name stood for, by plan.NameHash.
	Known map[string][]Known
	// Inventories names the inventory that ordered a service.
	Inventories map[plan.ServiceUID]string
	// Tags are the declared tags that services had when an apply last compared or set
	// them.
	Tags map[plan.ServiceUID]map[string]string
	// Purchases says what services were bought with.
	Purchases map[plan.ServiceUID]Purchase
	// Cancelling are the services whose cancellation was begun.
	Cancelling map[plan.ServiceUID]bool
	// ApprovalsSeen says that the account once had order approvals.
	ApprovalsSeen bool
}

// Service is a service that stands for an entry.
type Service struct {
	Name string          `json:"name"`
	UID  plan.ServiceUID `json:"uid"`
	// Ordered says that the inventory bought it; otherwise it was there.
	Ordered bool `json:"ordered,omitzero"`
	// Tags are the declared tags that it is known to have; nil when none are declared, or
	// it is not known.
	Tags map[string]string `json:"tags,omitzero"`
	// Purchase is what it was bought with; nil when that is not known.
	Purchase *Purchase `json:"purchase,omitzero"`
}

// servicesRecord is what one run noted.
type servicesRecord struct {
	Schema    int       `json:"schema"`
	Inventory string    `json:"inventory"`
	Services  []Service `json:"services"`
	Time      time.Time `json:"time"`
	Run       string    `json:"run"`
}

// cancelRecord is the intent to end a service, all its members.
type cancelRecord struct {
	Schema  int               `json:"schema"`
	Name    string            `json:"name"`
	Members []plan.ServiceUID `json:"members"`
	Time    time.Time         `json:"time"`
	Run     string            `json:"run"`
}

func (l *Ledger) servicesPrefix() string { return "services/" + l.host + "/" }
func (l *Ledger) cancelPrefix() string   { return "cancelling/" + l.host + "/" }
func (l *Ledger) noticeKey(notice string) string {
	return "notices/" + l.host + "/" + notice + ".json"
}

// The notices: what was once seen of an API or an account, and is remembered.
const (
	// NoticeApprovals: the account has order approvals.
	NoticeApprovals = "approvals"
	// NoticeRewritten: a service did not have the name and the tags it was ordered
	// with.
	NoticeRewritten = "names-and-tags"
)

// Notice remembers something that was seen; first says that it was not known.
func (l *Ledger) Notice(ctx context.Context, notice string) (first bool, err error) {
	if _, err := l.store.Read(ctx, l.noticeKey(notice)); err == nil {
		return false, nil
	}
	return true, l.remember(ctx, l.noticeKey(notice), struct {
		Schema int       `json:"schema"`
		Time   time.Time `json:"time"`
	}{Schema, l.Now()})
}

// NoteServices remembers which services stand for entries, and with which tags: what the
// snapshot does not have yet.
func (l *Ledger) NoteServices(ctx context.Context, s Snapshot, inventory string, services []Service) error {
	r := servicesRecord{Schema: Schema, Inventory: inventory, Time: l.Now(), Run: l.run.ID}
	for _, x := range services {
		known := s.Memory.Known[plan.NameHash(x.Name)]
		if _, recorded := s.Memory.Purchases[x.UID]; recorded {
			x.Purchase = nil
		}
		if !slices.ContainsFunc(known, func(k Known) bool { return k.UID == x.UID }) || x.Tags != nil && !maps.Equal(x.Tags, s.Memory.Tags[x.UID]) || x.Purchase != nil {
			r.Services = append(r.Services, x)
		}
	}
	if len(r.Services) == 0 {
		return nil
	}
	return l.remember(ctx, l.servicesPrefix()+l.run.ID+".json", r)
}

// NoteCancel makes the intent durable to end a service.
func (l *Ledger) NoteCancel(ctx context.Context, name string, members []plan.ServiceUID) error {
	r := cancelRecord{Schema, name, members, l.Now(), l.run.ID}
	return l.remember(ctx, l.cancelPrefix()+l.run.ID+"/"+string(members[0])+".json", r)
}

// memory reads what is remembered. A record that cannot be decoded is passed over:
// it would only add caution.
func (l *Ledger) memory(ctx context.Context) (Memory, error) {
	m := Memory{Known: map[string][]Known{}, Inventories: map[plan.ServiceUID]string{}, Tags: map[plan.ServiceUID]map[string]string{}, Purchases: map[plan.ServiceUID]Purchase{}, Cancelling: map[plan.ServiceUID]bool{}}
	services, err := readAll[servicesRecord](ctx, l, l.servicesPrefix())
	if err != nil {
		return m, err
	}
	slices.SortStableFunc(services, func(a, b servicesRecord) int { return a.Time.Compare(b.Time) })
	for _, r := range services {
		for _, x := range r.Services {
			m.note(x, r)
		}
	}
	cancels, err := readAll[cancelRecord](ctx, l, l.cancelPrefix())
	if err != nil {
		return m, err
	}
	for _, r := range cancels {
		for _, u := range r.Members {
			m.Cancelling[plan.FoldUID(string(u))] = true
		}
	}
	_, err = l.store.Read(ctx, l.noticeKey(NoticeApprovals))
	m.ApprovalsSeen = err == nil
	return m, nil
}

func (m Memory) note(x Service, r servicesRecord) {
	hash, uid := plan.NameHash(x.Name), plan.FoldUID(string(x.UID))
	if !slices.ContainsFunc(m.Known[hash], func(k Known) bool { return k.UID == uid }) {
		m.Known[hash] = append(m.Known[hash], Known{uid, r.Time})
	}
	if x.Tags != nil {
		m.Tags[uid] = x.Tags
	}
	if _, known := m.Purchases[uid]; x.Purchase != nil && !known {
		m.Purchases[uid] = *x.Purchase
	}
	if x.Ordered && m.Inventories[uid] == "" {
		m.Inventories[uid] = r.Inventory
	}
}

// readAll reads the records under a prefix, as far as they can be decoded.
func readAll[T any](ctx context.Context, l *Ledger, prefix string) ([]T, error) {
	keys, err := l.store.List(ctx, prefix)
	if err != nil {
		return nil, l.fail("listing "+strings.TrimSuffix(prefix, "/"), err)
	}
	records, good := make([]T, len(keys)), make([]bool, len(keys))
	g, gctx := panics.WithContext(ctx, 16)
	for i, key := range keys {
		g.Go(func() error {
			b, err := l.store.Read(gctx, key)
			if err != nil {
				return l.fail("reading "+key, err)
			}
			good[i] = json.Unmarshal(b, &records[i]) == nil
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	var out []T
	for i, r := range records {
		if good[i] {
			out = append(out, r)
		}
	}
	return out, nil
}
