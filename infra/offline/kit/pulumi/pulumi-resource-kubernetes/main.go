// Pulumi's Kubernetes provider, from its module's own packages. The module's own main program embeds files that only
// its build makes; these are the ones that they are made of.
package main

import (
	"bytes"
	_ "embed"
	"fmt"

	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"
	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/version"
)

//go:embed schema.json
var schema []byte

//go:embed terraform-mapping.json
var terraformMapping []byte

func main() {
	withVersion := fmt.Appendf(nil, `{"version":%q,`, version.Version)
	provider.Serve("kubernetes", version.Version, bytes.Replace(schema, []byte("{"), withVersion, 1), terraformMapping)
}
