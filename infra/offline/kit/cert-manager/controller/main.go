// The controller of cert-manager, from its module's own packages. Takes the flag --config of the original, with a file
// of the same form, of which it knows what Landfall's platform sets. Left out are the issuers that need more modules.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/yaml"

	"github.com/cert-manager/cert-manager/pkg/apis/config/controller/v1alpha1"
	"github.com/cert-manager/cert-manager/pkg/controller"
	_ "github.com/cert-manager/cert-manager/pkg/controller/acmechallenges"
	_ "github.com/cert-manager/cert-manager/pkg/controller/acmeorders"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/acme"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/approver"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/ca"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/selfsigned"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/issuing"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/keymanager"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/readiness"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/requestmanager"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/revisionmanager"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/trigger"
	_ "github.com/cert-manager/cert-manager/pkg/controller/issuers"
	"github.com/cert-manager/cert-manager/pkg/healthz"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/acme"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/ca"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/selfsigned"
	"github.com/cert-manager/cert-manager/pkg/logs"
)

// configuration is the part of a ControllerConfiguration that this program knows.
type configuration struct {
	metav1.TypeMeta      `json:",inline"`
	Namespace            string   `json:"namespace"`
	Controllers          []string `json:"controllers"`
	LeaderElectionConfig struct {
		Namespace string `json:"namespace"`
	} `json:"leaderElectionConfig"`
	GatewayAPI struct {
		Enabled bool `json:"enabled"`
	} `json:"gatewayAPI"`
	ACMEHTTP01Config struct {
		SolverImage string `json:"solverImage"`
	} `json:"acmeHTTP01Config"`
}

func main() {
	logs.InitLogs()
	defer logs.FlushLogs()
	path := flag.String("config", "", "file of a ControllerConfiguration")
	flag.Parse()
	if err := run(ctrl.SetupSignalHandler(), *path); err != nil {
		logs.Log.Error(err, "the controller ends")
		os.Exit(1)
	}
}

func run(ctx context.Context, path string) error {
	cfg, err := load(path)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(logs.NewContext(ctx, logs.Log))
	factory, err := controller.NewContextFactory(ctx, options(cfg))
	if err != nil {
		return err
	}
	base, err := factory.Build()
	if err != nil {
		return err
	}
	health := healthz.NewServer(20 * time.Second)
	if err := serve(ctx, base, health, group); err != nil {
		return err
	}
	group.Go(func() error {
		if err := lead(ctx, cfg, base, health.LeaderHealthzAdaptor, group); err != nil || ctx.Err() != nil {
			return err
		}
		return control(ctx, cfg, factory, base, group)
	})
	return group.Wait()
}

// load refuses what the original would not know, and what this program doesn't.
func load(path string) (*configuration, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if err := yaml.UnmarshalStrict(text, &v1alpha1.ControllerConfiguration{}); err != nil {
		return nil, err
	}
	cfg := &configuration{}
	return cfg, yaml.UnmarshalStrict(text, cfg)
}

// options are the configuration's, and the original's defaults.
func options(cfg *configuration) controller.ContextOptions {
	return controller.ContextOptions{
		KubernetesAPIQPS:   20,
		KubernetesAPIBurst: 50,
		Namespace:          cfg.Namespace,
		ACMEOptions: controller.ACMEOptions{
			HTTP01SolverImage:                 cfg.ACMEHTTP01Config.SolverImage,
			HTTP01SolverResourceRequestCPU:    resource.MustParse("10m"),
			HTTP01SolverResourceRequestMemory: resource.MustParse("64Mi"),
			HTTP01SolverResourceLimitsCPU:     resource.MustParse("100m"),
			HTTP01SolverResourceLimitsMemory:  resource.MustParse("64Mi"),
			ACMEHTTP01SolverRunAsNonRoot:      true,
			DNS01CheckRetryPeriod:             10 * time.Second,
		},
		CertificateOptions: controller.CertificateOptions{
			CopiedAnnotationPrefixes:                 []string{"*", "-kubectl.kubernetes.io/"},
			CertificateRequestMinimumBackoffDuration: time.Hour,
			CertificateRequestMaximumBackoffDuration: 32 * time.Hour,
		},
		SchedulerOptions: controller.SchedulerOptions{MaxConcurrentChallenges: 60},
		ConfigOptions:    controller.ConfigOptions{EnableGatewayAPI: cfg.GatewayAPI.Enabled},
	}
}

// serve answers the kubelet's probe, and whoever collects metrics.
func serve(ctx context.Context, base *controller.Context, health *healthz.Server, group *errgroup.Group) error {
	probe, err := net.Listen("tcp", ":9403")
	if err != nil {
		return err
	}
	collector, err := net.Listen("tcp", ":9402")
	if err != nil {
		return err
	}
	metrics := base.Metrics.NewServer(collector)
	context.AfterFunc(ctx, func() { _ = metrics.Close() })
	group.Go(func() error { return health.Start(ctx, probe) })
	group.Go(func() error {
		if err := metrics.Serve(collector); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	return nil
}

// lead returns once this process leads; when it no longer does, the group ends.
func lead(
	ctx context.Context, cfg *configuration, base *controller.Context, watchdog *leaderelection.HealthzAdaptor,
	group *errgroup.Group,
) error {
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	elected := make(chan struct{})
	elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock: &resourcelock.LeaseLock{
			LeaseMeta: metav1.ObjectMeta{
				Namespace: cfg.LeaderElectionConfig.Namespace, Name: "cert-manager-controller",
			},
			Client:     base.Client.CoordinationV1(),
			LockConfig: resourcelock.ResourceLockConfig{Identity: host},
		},
		LeaseDuration:   60 * time.Second,
		RenewDeadline:   40 * time.Second,
		RetryPeriod:     15 * time.Second,
		ReleaseOnCancel: true,
		WatchDog:        watchdog,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(context.Context) { close(elected) },
			OnStoppedLeading: func() {},
		},
	})
	if err != nil {
		return err
	}
	group.Go(func() error {
		elector.Run(ctx)
		if ctx.Err() == nil {
			return errors.New("another process leads")
		}
		return nil
	})
	select {
	case <-elected:
	case <-ctx.Done():
	}
	return nil
}

// control runs the controllers that the configuration names.
func control(
	ctx context.Context, cfg *configuration, factory *controller.ContextFactory, base *controller.Context,
	group *errgroup.Group,
) error {
	for _, name := range cfg.Controllers {
		construct, ok := controller.Known()[name]
		if !ok {
			return fmt.Errorf("there is no controller %q", name)
		}
		made, err := construct(factory)
		if err != nil {
			return err
		}
		group.Go(func() error { return made.Run(5, ctx) })
	}
	base.SharedInformerFactory.Start(ctx.Done())
	base.KubeSharedInformerFactory.Start(ctx.Done())
	base.HTTP01ResourceMetadataInformersFactory.Start(ctx.Done())
	if base.GatewaySolverEnabled {
		base.GWShared.Start(ctx.Done())
	}
	return nil
}
