// @ts-check
// The activator of an environment that sleeps.
//
//   ACTIVATOR_NAMESPACE     the environment's namespace
//   ACTIVATOR_SLEEP_AFTER   seconds without a request until it sleeps
//   ACTIVATOR_HOLD          seconds for which a request waits at most until it is awake
//   ACTIVATOR_CONNECTIONS   connections at once
//   ACTIVATOR_WORKLOADS     JSON: what sleeps, see cluster.mjs
//   ACTIVATOR_BACKENDS      JSON: the Services, see proxy.mjs, each with the name of its workload
import { Cluster } from "./cluster.mjs";
import { Proxy } from "./proxy.mjs";
import { Sleeper } from "./sleeper.mjs";

const account = "/var/run/secrets/kubernetes.io/serviceaccount";

/** @param {string} name */
function setting(name) {
    const value = process.env[name];
    if (value === undefined || value === "") throw new Error(`${name} is missing.`);
    return value;
}

/** @param {string} message */
function log(message) {
    process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), message })}\n`);
}

const host = setting("KUBERNETES_SERVICE_HOST");
const cluster = new Cluster({
    server: `https://${host.includes(":") ? `[${host}]` : host}:${setting("KUBERNETES_SERVICE_PORT")}`,
    namespace: setting("ACTIVATOR_NAMESPACE"), tokenFile: `${account}/token`, caFile: `${account}/ca.crt`,
});
const backends = JSON.parse(setting("ACTIVATOR_BACKENDS"));
const sleeper = new Sleeper(JSON.parse(setting("ACTIVATOR_WORKLOADS")), cluster, {
    sleepAfter: Number(setting("ACTIVATOR_SLEEP_AFTER")) * 1000, serving: backends.map((/** @type {{ name: string }} */ { name }) => name), log,
});
const proxy = new Proxy(backends, sleeper, {
    hold: Number(setting("ACTIVATOR_HOLD")) * 1000, connections: Number(setting("ACTIVATOR_CONNECTIONS")), log,
});
sleeper.beforeSleep = () => proxy.closeIdle();

const ending = new AbortController();
process.once("SIGTERM", () => {
    ending.abort();
    void proxy.close().then(() => process.exit(0));
});
void proxy.listen().then(() => {
    log("listening");
    return sleeper.run(ending.signal);
});
