// minikube's storage provisioner, from its module's own package. minikube's program locks an Endpoints object, which
// the Kubernetes client that it is built with no longer does; the one that a cluster has needs no lock.
package main

import (
	"context"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
	"k8s.io/minikube/pkg/storage"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v6/controller"
)

func main() {
	config, err := rest.InClusterConfig()
	if err != nil {
		klog.Exit(err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		klog.Exit(err)
	}
	version, err := client.Discovery().ServerVersion()
	if err != nil {
		klog.Exit(err)
	}
	provisioner := storage.NewHostPathProvisioner("/tmp/hostpath-provisioner")
	controller.NewProvisionController(client, "k8s.io/minikube-hostpath", provisioner, version.GitVersion,
		controller.LeaderElection(false)).Run(context.Background())
}
