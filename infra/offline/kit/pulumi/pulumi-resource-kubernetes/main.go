// Pulumi's Kubernetes provider, from its module's own packages. The module's own main program embeds files that only
// its build makes; these are the ones that they are made of.
package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"os"

	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"
	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/version"
)

//go:embed schema.json
var schema []byte

//go:embed terraform-mapping.json
var terraformMapping []byte

func main() {
	// This version doesn't know the provider's setting enablePatchForce, only the variable of the same meaning. The
	// program has looked before that nothing of someone else's is in the way.
	if _, given := os.LookupEnv("PULUMI_K8S_ENABLE_PATCH_FORCE"); !given {
		if err := os.Setenv("PULUMI_K8S_ENABLE_PATCH_FORCE", "true"); err != nil {
			panic(err)
		}
	}
	withVersion := fmt.Appendf(nil, `{"version":%q,`, version.Version)
	provider.Serve("kubernetes", version.Version, bytes.Replace(schema, []byte("{"), withVersion, 1), terraformMapping)
}
