// The solver of cert-manager, which answers an ACME server's HTTP-01 challenge, from its module's own package. Takes
// the flags of the original.
package main

import (
	"flag"
	"os"

	"github.com/cert-manager/cert-manager/pkg/issuer/acme/http/solver"
	"github.com/cert-manager/cert-manager/pkg/logs"
)

func main() {
	logs.InitLogs()
	defer logs.FlushLogs()
	answer := &solver.HTTP01Solver{}
	flag.IntVar(&answer.ListenPort, "listen-port", 8089, "port to listen on")
	flag.StringVar(&answer.Domain, "domain", "", "host name that is proved")
	flag.StringVar(&answer.Token, "token", "", "the challenge")
	flag.StringVar(&answer.Key, "key", "", "its answer")
	flag.Parse()
	if err := answer.Listen(logs.Log); err != nil {
		logs.Log.Error(err, "the solver ends")
		os.Exit(1)
	}
}
