package export

import (
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/portctl/portctl/pkg/apply"
)

// WriteTerraform writes an import block of Terraform (1.5 and later) for each port that
// exists, for the provider megaport/megaport: a LAG is one resource, by its primary
// member.
func WriteTerraform(w io.Writer, ports []Port) error {
	var b strings.Builder
	b.WriteString("# `terraform plan -generate-config-out=ports.tf` writes the resources. What Terraform manages\n" +
		"# from then on belongs under `unmanaged` in the inventory, instead of under ports.\n")
	used := map[string]bool{}
	for _, p := range ports {
		if p.UID == "" || p.State == apply.PortGone || p.Status.Terminated() || p.Member > 1 {
			continue
		}
		resource := "megaport_port"
		if p.Member == 1 {
			resource = "megaport_lag_port"
		}
		fmt.Fprintf(&b, "\nimport {\n  to = %s.%s\n  id = %q\n}\n", resource, resourceName(p.Name, used), string(p.UID))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

var notInNames = regexp.MustCompile(`[^a-z0-9_]+`)

// resourceName is an entry's name as Terraform takes it, and none that was used.
func resourceName(name string, used map[string]bool) string {
	base := strings.Trim(notInNames.ReplaceAllString(strings.ToLower(name), "_"), "_")
	if base == "" || base[0] >= '0' && base[0] <= '9' {
		base = "port_" + base
	}
	unique := base
	for n := 2; used[unique]; n++ {
		unique = fmt.Sprintf("%s_%d", base, n)
	}
	used[unique] = true
	return unique
}
