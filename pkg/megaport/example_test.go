package megaport_test

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/portctl/portctl/pkg/megaport"
)

// An order is priced, bought once, and its failure is told apart.
func Example() {
	credentials, err := megaport.CredentialsFromEnv(os.Getenv)
	if err != nil {
		fmt.Println(err)
		return
	}
	staging, _ := megaport.LookupEnvironment("staging")
	client, err := megaport.New(megaport.Options{
		BaseURL: staging.BaseURL, TokenURL: staging.TokenURL, Credentials: credentials,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	order := megaport.Order{Name: "lon-core-1", Term: 12, Speed: 10_000, LocationID: 89, Config: megaport.OrderConfig{Zone: "red"}}
	quote, err := client.Orders.Validate(ctx, order)
	if err != nil || !quote.HasPrice {
		fmt.Println("not priced:", quote.Unknown, err)
		return
	}
	purchase, err := client.Orders.Buy(ctx, order)
	var orderErr *megaport.OrderError
	if errors.As(err, &orderErr) && orderErr.Outcome == megaport.OrderUnknown {
		fmt.Println("look before ordering again:", err)
		return
	}
	fmt.Println(purchase.UIDs, err)
}

func ExampleSecret() {
	key := megaport.Secret("hush")
	fmt.Printf("%v %q %x\n", key, key, key)
	// Output: [redacted] [redacted] [redacted]
}
