package refresh

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/portctl/portctl/pkg/apply/panics"
	"github.com/portctl/portctl/pkg/plan"
)

// batchSize is how many orders are validated in one request. How many the API takes is
// not known: an answer that does not price each of them is asked for one by one.
const batchSize = 50

// quoteAll validates the orders, many in a request and several requests at one time. An
// order without a usable answer has a quote that says so, which blocks its entry.
func quoteAll(ctx context.Context, r Reader, orders []plan.Order, o Options) (plan.Quotes, error) {
	identity := plan.Order.Configuration
	if o.PerOrder {
		identity = plan.Order.Key
	}
	groups := map[string][]plan.Order{}
	var speakers []plan.Order
	for _, order := range orders {
		groups[identity(order)] = append(groups[identity(order)], order)
	}
	for _, group := range groups {
		speakers = append(speakers, firstByName(group))
	}
	quotes := plan.Quotes{}
	var mu sync.Mutex
	g, gctx := panics.WithContext(ctx, parallelism(o.Parallelism))
	validated := o.counting("validating orders", len(speakers))
	for _, batch := range batches(speakers) {
		g.Go(func() error {
			answers, err := quoter{r}.quote(gctx, batch)
			validated(len(batch))
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			for i, speaker := range batch {
				for _, order := range groups[identity(speaker)] {
					quotes[order.Key()] = answers[i]
				}
			}
			return nil
		})
	}
	return quotes, g.Wait()
}

// firstByName makes the choice of the order that speaks for its configuration
// repeatable.
func firstByName(orders []plan.Order) plan.Order {
	return slices.MinFunc(orders, func(a, b plan.Order) int { return cmp.Compare(a.Name, b.Name) })
}

// batches divides orders into those that are validated together: the answer tells them
// apart by their names, so that a LAG and one member of it are not among them.
func batches(orders []plan.Order) [][]plan.Order {
	slices.SortFunc(orders, func(a, b plan.Order) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), -cmp.Compare(a.LAGPorts, b.LAGPorts), cmp.Compare(a.Key(), b.Key()))
	})
	var lanes [][]plan.Order
	times := map[string]int{}
	for _, o := range orders {
		n := times[plan.FoldName(o.Name)]
		times[plan.FoldName(o.Name)]++
		if n == len(lanes) {
			lanes = append(lanes, nil)
		}
		lanes[n] = append(lanes[n], o)
	}
	var out [][]plan.Order
	for _, lane := range lanes {
		out = slices.AppendSeq(out, slices.Chunk(lane, batchSize))
	}
	return out
}

// quoter finds out what the API says of each order when it answers for several at once.
type quoter struct{ reader Reader }

// quote has a quote for each order of a batch. One that is refused, perhaps for a single
// order, is divided until it is known which; where no usable answer came, each order is
// asked about alone.
func (q quoter) quote(ctx context.Context, batch []plan.Order) ([]plan.Quote, error) {
	answers, err := q.askInEveryForm(ctx, batch)
	switch {
	case err != nil || len(batch) == 1:
		return answers, err
	case answers[0].Refusal != nil:
		return q.divide(ctx, batch, answers[0])
	case answers[0].Failure != nil:
		return q.each(ctx, batch)
	}
	return answers, nil
}

// divide finds the orders for which a batch was refused.
func (q quoter) divide(ctx context.Context, batch []plan.Order, why plan.Quote) ([]plan.Quote, error) {
	halves := [][]plan.Order{batch[:len(batch)/2], batch[len(batch)/2:]}
	var answers [2][]plan.Quote
	same := true
	ask := q.reader.Quotes
	if slices.ContainsFunc(batch, plan.Order.CrossConnect) { // whose form may be all that is wrong
		ask = q.askInEveryForm
	}
	for i, half := range halves {
		var err error
		if answers[i], err = ask(ctx, half); err != nil {
			return nil, err
		}
		same = same && saysTheSame(answers[i][0], why)
	}
	if same {
		all, err := q.everybodys(ctx, batch, why)
		if err != nil || all {
			return slices.Repeat([]plan.Quote{why}, len(batch)), err
		}
	}
	var out []plan.Quote
	for i, half := range halves {
		found, err := answers[i], error(nil)
		switch {
		case found[0].Refusal != nil && len(half) == 1:
			found, err = q.askInEveryForm(ctx, half)
		case len(half) == 1:
		case found[0].Refusal != nil:
			found, err = q.divide(ctx, half, found[0])
		case found[0].Failure != nil:
			found, err = q.each(ctx, half)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return out, nil
}

// everybodys says that a reason is not that of single orders, such as an account that may
// not buy: the first and the last of a batch are refused for it, each alone and in every
// form.
func (q quoter) everybodys(ctx context.Context, batch []plan.Order, why plan.Quote) (bool, error) {
	for _, o := range []plan.Order{batch[0], batch[len(batch)-1]} {
		answer, err := q.askInEveryForm(ctx, []plan.Order{o})
		if err != nil || !saysTheSame(answer[0], why) {
			return false, err
		}
	}
	return true, nil
}

func saysTheSame(a, b plan.Quote) bool {
	return a.Refusal != nil && b.Refusal != nil && a.Refusal.Message == b.Refusal.Message && slices.Equal(a.Refusal.Reasons, b.Refusal.Reasons)
}

// each asks about every order alone.
func (q quoter) each(ctx context.Context, batch []plan.Order) ([]plan.Quote, error) {
	out := make([]plan.Quote, len(batch))
	for i, o := range batch {
		answer, err := q.askInEveryForm(ctx, []plan.Order{o})
		if err != nil {
			return nil, err
		}
		out[i] = answer[0]
	}
	return out, nil
}

// askInEveryForm validates a batch. One that is refused is validated once more in each
// other form that an order can have: without its market, which the official clients never
// send, and with its add-ons as a list. Which of them the API takes is not known (API
// facts §3.2).
func (q quoter) askInEveryForm(ctx context.Context, batch []plan.Order) ([]plan.Quote, error) {
	answers, err := q.reader.Quotes(ctx, batch)
	if err != nil || answers[0].Refusal == nil {
		return answers, err
	}
	for _, form := range otherForms(batch) {
		others, err := q.reader.Quotes(ctx, form)
		if err != nil {
			return answers, err
		}
		if others[0].Refusal != nil || others[0].Failure != nil {
			continue
		}
		for i := range others {
			others[i].WithoutMarket = form[i].Market != batch[i].Market
			if form[i].AddOns != batch[i].AddOns {
				others[i].AddOns = form[i].AddOns
			}
		}
		return others, nil
	}
	return answers, nil
}

// otherForms are the forms in which the same orders can be written, but for their own.
func otherForms(batch []plan.Order) [][]plan.Order {
	withoutMarket := func(o plan.Order) plan.Order { o.Market = ""; return o }
	addOnsListed := func(o plan.Order) plan.Order {
		if o.CrossConnect() {
			o.AddOns = plan.CrossConnectArray
		}
		return o
	}
	var forms [][]plan.Order
	for _, changes := range [][]func(plan.Order) plan.Order{{withoutMarket}, {addOnsListed}, {addOnsListed, withoutMarket}} {
		form := slices.Clone(batch)
		for i := range form {
			for _, change := range changes {
				form[i] = change(form[i])
			}
		}
		same := func(other []plan.Order) bool { return slices.EqualFunc(form, other, sameForm) }
		if !same(batch) && !slices.ContainsFunc(forms, same) {
			forms = append(forms, form)
		}
	}
	return forms
}

// sameForm says that one order is written in two ways that do not differ.
func sameForm(a, b plan.Order) bool { return a.Market == b.Market && a.AddOns == b.AddOns }

func parallelism(n int) int {
	if n <= 0 {
		return defaultParallelism
	}
	return n
}
