package refresh

import (
	"context"
	"sync"

	"github.com/portctl/portctl/pkg/plan"
)

// orderTags is a Reader that reads the tags of a service once when they name an
// order: whose a service is does not change. A look-up reads the tags of all that
// stand at the order's place, and there may be hundreds, for each unconfirmed order
// and at each look. Tags without an order are read anew: they may come late.
type orderTags struct {
	Reader
	mu sync.Mutex
	of map[plan.ServiceUID]*tagsOf
}

// tagsOf is the tags of one service; who holds its turn may read and set them.
type tagsOf struct {
	turn chan struct{}
	tags map[string]string
}

func RememberOrderTags(r Reader) Reader {
	if _, does := r.(*orderTags); does {
		return r
	}
	return &orderTags{Reader: r, of: map[plan.ServiceUID]*tagsOf{}}
}

// Tags reads the tags of a service, or remembers them. They are not to be changed.
func (o *orderTags) Tags(ctx context.Context, uid plan.ServiceUID) (map[string]string, error) {
	t := o.service(uid)
	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if t.tags != nil {
		return t.tags, nil
	}
	tags, err := o.Reader.Tags(ctx, uid)
	if err == nil && tags[plan.TagOrder] != "" {
		t.tags = tags
	}
	return tags, err
}

func (o *orderTags) service(uid plan.ServiceUID) *tagsOf {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.of[uid] == nil {
		o.of[uid] = &tagsOf{turn: make(chan struct{}, 1)}
	}
	return o.of[uid]
}
