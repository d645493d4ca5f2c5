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
	all bool // remember other tags too, and what could not be read
	mu  sync.Mutex
	of  map[plan.ServiceUID]*tagsOf
}

// tagsOf is the tags of one service; who holds its turn may read and set them.
type tagsOf struct {
	turn  chan struct{}
	known bool
	tags  map[string]string
	err   error
}

func RememberOrderTags(r Reader) Reader {
	if o, does := r.(*orderTags); does && !o.all {
		return r
	}
	return &orderTags{Reader: r, of: map[plan.ServiceUID]*tagsOf{}}
}

// readTagsOnce is a Reader for one look: all orders that are looked for in it see the
// same tags of a service, and these are read once, however many orders there are.
func readTagsOnce(r Reader) Reader {
	return &orderTags{Reader: RememberOrderTags(r), all: true, of: map[plan.ServiceUID]*tagsOf{}}
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
	if t.known {
		return t.tags, t.err
	}
	tags, err := o.Reader.Tags(ctx, uid)
	if o.all && ctx.Err() == nil || err == nil && tags[plan.TagOrder] != "" {
		t.known, t.tags, t.err = true, tags, err
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
