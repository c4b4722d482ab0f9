// The webhook of cert-manager, from its module's own packages. Takes the flag --config of the original, with a file of
// the same form.
package main

import (
	"context"
	"flag"
	"os"

	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/cert-manager/cert-manager/internal/webhook"
	_ "github.com/cert-manager/cert-manager/internal/webhook/feature"
	"github.com/cert-manager/cert-manager/pkg/logs"
	utilfile "github.com/cert-manager/cert-manager/pkg/util/configfile"
	"github.com/cert-manager/cert-manager/pkg/util/feature"
	"github.com/cert-manager/cert-manager/pkg/webhook/configfile"
)

func main() {
	logs.InitLogs()
	defer logs.FlushLogs()
	path := flag.String("config", "", "file of a WebhookConfiguration")
	flag.Parse()
	ctx := ctrl.SetupSignalHandler()
	ctrl.SetLogger(logs.Log)
	if err := run(ctx, *path); err != nil {
		logs.Log.Error(err, "the webhook ends")
		os.Exit(1)
	}
}

func run(ctx context.Context, path string) error {
	file := configfile.New()
	loader, err := utilfile.NewConfigurationFSLoader(nil, path)
	if err != nil {
		return err
	}
	if err := loader.Load(file); err != nil {
		return err
	}
	if err := feature.DefaultMutableFeatureGate.SetFromMap(file.Config.FeatureGates); err != nil {
		return err
	}
	if err := logs.ValidateAndApply(&file.Config.Logging); err != nil {
		return err
	}
	server, err := webhook.NewCertManagerWebhookServer(logs.Log, *file.Config)
	if err != nil {
		return err
	}
	return server.Run(logs.NewContext(ctx, logs.Log))
}
