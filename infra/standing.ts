import { setTimeout as sleep } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";
import { type Capabilities, type Comparisons, type Stands, strandedVolumes, type VolumeProperty } from "../components/cluster";
import { readLoadBalancerClass } from "../components/platform/gateway/load-balancer";
import { storeName } from "../components/platform/logs/names";
import { namespaces } from "../components/platform/namespaces";
import { hostsOfOthers, mostHosts, otherHolders } from "../components/platform/shared/hosts";
import { Refusal } from "../components/refusal";
import { readAsleep, readEnvironment, type StandingEnvironment } from "../components/workload/standing";
import { classOf } from "../components/workload/volume";
import { type AppSettings, hasEnvironment, hostsOf, type PlatformSettings, type Settings, sharesPlatform } from "./config";
import { keyText } from "./config/errors";
import { contextOf, describeChange, refuseChanges, refuseClusterChanges } from "./config/errors/refuse";
import { describeKey, describeSettings } from "./config/schema/describe";
import { volumeName } from "./config/sections/service-files";
import { usesDatabase } from "./services/limits";

type WithEnvironment = Pick<Settings, "cluster" | "environment" | "app" | "logs">;
type Compared = WithEnvironment | Pick<PlatformSettings, "cluster" | "environment" | "app" | "logs">;

/** Refuses, in a preview too, changes that the existing cluster or its data can't make. */
export function compareWith(settings: Compared): Comparisons {
    return {
        cluster: (standing, wanted) => refuseClusterChanges(settings.cluster, standing, wanted),
        async objects(kubeconfig, capabilities) {
            const stack = `${pulumi.getProject()}/${pulumi.getStack()}`;
            const read = () => readStanding(settings, kubeconfig, stack);
            const standing = await read();
            if (hasEnvironment(settings)) refuseChanges(settings, ...compared(settings, standing, capabilities));
            if (!sharesPlatform(settings.cluster)) refuseChanges(settings, ...await comparedClass(kubeconfig, capabilities));
            await refuseMissingClasses(settings, standing, capabilities, read);
            if (!hasEnvironment(settings)) return;
            await refuseTakenHosts(settings, kubeconfig, stack);
            await refuseCrowdedGateway(settings, kubeconfig);
            await refuseAsleep(settings, kubeconfig);
        },
        describeVolume: (_, property, claim) => describeVolume(settings, claim, property),
    };
}

/** The environment, and the claims beside it: the logs' is in a namespace of its own. */
interface Standing extends StandingEnvironment {
    claims: string[];
}

async function readStanding({ cluster, environment, logs }: Compared, kubeconfig: string, stack: string): Promise<Standing> {
    const keepsLogs = logs.keepDays > 0 && !sharesPlatform(cluster);
    const [own, ofLogs] = await Promise.all([
        environment && readEnvironment(kubeconfig, environment.name, stack),
        keepsLogs || !environment ? readEnvironment(kubeconfig, namespaces.logs, stack) : undefined,
    ]);
    const all = [own, ofLogs].flatMap(found => found?.volumes ?? []);
    return { volumes: [], ...(own ?? { classes: ofLogs?.classes }), claims: all.map(({ name }) => name) };
}

/** Without its activator, nothing would wake what sleeps, and the cluster refuses other numbers of pods than the activator's. */
async function refuseAsleep({ environment: { name, host, sleepAfter } }: WithEnvironment, kubeconfig: string): Promise<void> {
    if (sleepAfter !== undefined || !await readAsleep(kubeconfig, name)) return;
    throw new Refusal([
        "The environment sleeps, so sleepAfter can't be turned off now. Nothing was changed.",
        `${keyText(["environment", "sleepAfter"])} is left out, and the environment ${name} sleeps`,
        `    to do:    open ${host} in a browser, or request it with curl; once the page is there, run this again`,
    ].join("\n\n"));
}

/** A load balancer keeps its class. If the cluster chose that, leaving the setting out changes nothing. */
async function comparedClass(
    kubeconfig: string, { loadBalancing }: Capabilities,
): Promise<[Record<string, Stands>, Record<string, unknown>]> {
    const found = loadBalancing.type === "LoadBalancer" ? await readLoadBalancerClass(kubeconfig) : undefined;
    const wanted = loadBalancing.type === "LoadBalancer" ? loadBalancing.loadBalancerClass : undefined;
    if (found === undefined || (wanted === undefined && !found.chosen)) return [{}, {}];
    const key = "cluster.loadBalancerClass";
    return [{ [key]: { value: found.value } }, { [key]: wanted }];
}

/** Two environments of a cluster can't answer at the same host. The stack's own may be about to get another name. */
async function refuseTakenHosts(settings: WithEnvironment, kubeconfig: string, stack: string): Promise<void> {
    const { name, host, aliases } = settings.environment;
    const taken = (await otherHolders(kubeconfig, name, hostsOf(settings))).filter(holder => holder.stack !== stack);
    if (taken.length === 0) return;
    const keyOf = (given: string): string => (given === host ? "host" : aliases.includes(given) ? "aliases" : "redirects");
    throw new Refusal([
        "Another environment of the cluster already answers at the host. Nothing was changed.",
        ...taken.map(holder => [
            `${keyText(["environment", keyOf(holder.host)])} is taken`,
            `    given:    ${holder.host}`,
            `    taken by: the environment ${holder.environment}${holder.stack === undefined ? "" : `, of the stack ${holder.stack}`}`,
            "    allowed:  a host that no other environment of the cluster has",
        ].join("\n")),
    ].join("\n\n"));
}

/** All environments of a cluster share one gateway, which has room for a number of hosts. */
async function refuseCrowdedGateway(settings: WithEnvironment, kubeconfig: string): Promise<void> {
    const { name, host, aliases, redirects } = settings.environment;
    const hosts = hostsOf(settings);
    const others = await hostsOfOthers(kubeconfig, sharesPlatform(settings.cluster) ? name : undefined, hosts);
    if (others + hosts.length <= mostHosts) return;
    const key = hosts.length === 1 ? "host" : redirects.length >= aliases.length ? "redirects" : "aliases";
    const left = Math.max(0, mostHosts - others);
    throw new Refusal([
        "The cluster's gateway has no room for the hosts. Nothing was changed.",
        [
            `${keyText(["environment", key])} ${hosts.length === 1 ? "is a host" : "makes hosts"} too many`,
            `    given:   ${hosts.length === 1 ? host : `${hosts.length} hosts`}`,
            `    allowed: ${left === 0 ? "none" : `at most ${left}`}: a gateway can have ${mostHosts} hosts, and the cluster's other environments have ${others}. `
                + "Remove hosts or environments that nobody needs, or use another cluster",
        ].join("\n"),
    ].join("\n\n"));
}

/** Seconds within which a new cluster gets its own StorageClasses. */
const settling = 60;

/** Refuses a StorageClass that doesn't exist: its claim would wait forever. */
async function refuseMissingClasses(
    settings: Compared, standing: Standing, capabilities: Capabilities, readAgain: () => Promise<Standing>,
): Promise<void> {
    const mayBeNew = settings.cluster.target !== "existing" && !pulumi.runtime.isDryRun();
    const end = Date.now() + (mayBeNew ? settling * 1000 : 0);
    let refusal = missingClasses(settings, standing, capabilities);
    while (refusal !== undefined && Date.now() < end) {
        await sleep(3000);
        refusal = missingClasses(settings, await readAgain(), capabilities);
    }
    if (refusal !== undefined) throw new Refusal(refusal);
}

/** An existing volume needs no class. */
function missingClasses(settings: Compared, { classes, claims }: Standing, capabilities: Capabilities): string | undefined {
    if (classes === undefined) return undefined;
    const made = madeByPlatform(capabilities);
    const hasDefault = [...Object.values(classes), ...made.map(({ isDefault }) => isDefault)].includes(true);
    const problems = volumesOf(settings).filter(({ claim }) => !claims.includes(claim)).flatMap(part => {
        const name = classOf(capabilities, part.args);
        const there = name === undefined ? hasDefault : name in classes || made.some(one => one.name === name);
        return there ? [] : [[
            `${keyText([part.classKey])} ${name === undefined ? "is missing: the cluster has no default class" : "is no class of the cluster"}`,
            `    given:   ${name ?? "nothing"}`,
            `    allowed: ${[...Object.keys(classes), ...made.map(one => one.name)].join(", ") || "make one first: there are none"}`,
        ].join("\n")];
    });
    return problems.length === 0 ? undefined
        : ["The cluster has no class for a volume, which would wait forever. Nothing was changed in it.", ...problems].join("\n\n");
}

function madeByPlatform(
    { storageClass, localDirectory, sharedStorageClass, sharedDirectory, storageClasses = [] }: Capabilities,
): { name: string; isDefault?: boolean }[] {
    const onDirectories = [localDirectory && storageClass, sharedDirectory && sharedStorageClass];
    return [...onDirectories.filter(name => name !== undefined && name !== "").map(name => ({ name: name! })), ...storageClasses];
}

/** A persistent volume, with the keys of its properties. */
interface SettingsOfVolume {
    claim: string;
    args: { size: string; accessMode: "ReadWriteOnce" | "ReadWriteMany"; storageClass?: string };
    keys: Record<VolumeProperty, string>;
    /** What determines its class: its own key, or the cluster's. */
    classKey: string;
}

/** The volumes of the application and of the platform. */
function volumesOf({ cluster, app, logs }: Compared): SettingsOfVolume[] {
    const described = describeSettings(contextOf({ cluster, app }));
    const isSetting = (key: string) => describeKey(described, key.split("."), cluster.target) !== undefined;
    const kept = logs.keepDays > 0 ? [volume(`${storeName}-data`, "logs", one(logs), "volume")] : [];
    return [...app ? volumesOfApp(app) : [], ...kept].map(({ claim, args, keys }) => {
        const clusterKey = args.accessMode === "ReadWriteMany" ? "cluster.sharedStorageClass" : "cluster.storageClass";
        return { claim, args, keys, classKey: args.storageClass === undefined && isSetting(clusterKey) ? clusterKey : keys.storageClass };
    });
}

function volumesOfApp(app: AppSettings): Omit<SettingsOfVolume, "classKey">[] {
    const database = volume("database-data", "app.database", one(app.database), "volume");
    return app.type === "wordpress" ? [database, volume("web-uploads", "app.web.uploads", app.web.uploads)] : [
        ...usesDatabase(app) ? [database] : [],
        ...Object.entries(app.services).flatMap(([name, { volumes }]) => Object.entries(volumes).filter(([, { of }]) => of === undefined).map(([path, args]) =>
            volume(`${name}-${volumeName(path, args)}`, `app.services.${name}.volumes.${path}`, args))),
    ];
}

function one<T extends { volume: string }>(given: T) {
    return { ...given, size: given.volume, accessMode: "ReadWriteOnce" as const };
}

function volume(
    claim: string, key: string, args: SettingsOfVolume["args"], size = "size",
): Omit<SettingsOfVolume, "classKey"> {
    return { claim, args, keys: { size: `${key}.${size}`, accessMode: `${key}.accessMode`, storageClass: `${key}.storageClass` } };
}

/** What exists and what is wanted, by the settings that determine it. The volumes' own properties are the components' concern. */
export function compared(
    { environment }: WithEnvironment, { namespace, volumes }: StandingEnvironment, capabilities: Capabilities,
): [Record<string, Stands>, Record<string, unknown>] {
    const standing: Record<string, Stands> = {};
    const wanted: Record<string, unknown> = {};
    const compare = (key: string, stands: Stands, value: unknown): void => {
        standing[key] = stands;
        wanted[key] = value;
    };
    if (namespace !== undefined && environment.volumes === "retain") {
        compare("environment.name", { value: namespace }, environment.name);
    }
    const stranded = strandedVolumes(volumes, capabilities);
    if (stranded) compare("cluster.nodes", stranded.stands, stranded.wanted);
    return [standing, wanted];
}

/** The setting of a volume's property, with what to do instead of an impossible change. */
function describeVolume(settings: Compared, claim: string, property: VolumeProperty): { name: string; way: string } {
    const found = volumesOf(settings).find(one => one.claim === claim);
    if (found === undefined) throw new Error(`No setting determines the volume ${claim}`);
    const key = property === "storageClass" ? found.classKey : found.keys[property];
    return describeChange(key, contextOf(settings));
}
