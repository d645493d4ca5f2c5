// Command vendorcli buys one port as a vendor's command line does: it fetches a
// token, validates the order and buys, three requests and no safety. `make bench`
// has xargs start ten of them side by side, which is the way of an expert who has
// no other tool than a shell.
//
//	vendorcli http://127.0.0.1:8080 lon-core-1 89
//
// The start of a real one costs more than that of this program, so the comparison is
// kind to the expert's way.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
)

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: vendorcli BASE-URL NAME LOCATION-ID")
		os.Exit(2)
	}
	if err := buy(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, "vendorcli:", err)
		os.Exit(1)
	}
}

func buy(base, name, location string) error {
	answer, err := post(base+"/oauth2/token?grant_type=client_credentials", "", "")
	if err != nil {
		return err
	}
	var token struct {
		Access string `json:"access_token"`
	}
	if err := json.Unmarshal(answer, &token); err != nil {
		return err
	}
	order := fmt.Sprintf(`[{"productName":%q,"productType":"MEGAPORT","locationId":%s,"portSpeed":10000,"term":12,`+
		`"marketplaceVisibility":false,"market":"","config":{}}]`, name, location)
	for _, step := range []string{"validate", "buy"} {
		if _, err := post(base+"/v3/networkdesign/"+step, token.Access, order); err != nil {
			return err
		}
	}
	return nil
}

func post(url, token, body string) ([]byte, error) {
	req, err := http.NewRequest(http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	if token == "" {
		req.SetBasicAuth("key", "secret")
	} else {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %s", url, answer.Status, content)
	}
	return content, err
}
