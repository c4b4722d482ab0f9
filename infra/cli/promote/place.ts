import { connect, type Connection } from "../../../components/cluster/kubernetes-api";
import { activatorName } from "../../../components/workload/labels";
import { sharesPlatform } from "../../config";
import type { PlainSettings, Promotion } from "../../config";
import { buildKit } from "../../offline/kit";
import { usesDatabase } from "../../services/limits";
import { pulumiDownload } from "../computer/network";
import { probes } from "../computer/probes";
import type { PulumiEngine } from "../engine/pulumi";
import { readRecord } from "../stack/home";
import { ensureManifests, withKitSettings } from "../start/kit";
import { collect, Unreachable } from "../status/collect";
import { explainSilence, type Running, runningStack } from "../status/command";
import type { Terminal } from "../terminal";
import { UserError } from "../terminal/errors";
import { ensureClusterTool } from "../tools/cluster-tools";
import { addClusterTools } from "../tools/programs";
import { manifestsFor } from "../../config";
import { type RunningImage, runningImages } from "./images";
import * as yaml from "yaml";

/** A stack that takes part in a promotion: it is up. */
export interface Place extends Running {
    connection: Connection;
    /** Namespace of its environment. */
    namespace: string;
    /** Workloads whose images are promoted. */
    parts: string[];
    /** Those whose image the settings name. */
    named: string[];
    /** Services to which the gateway sends requests. */
    exposed: string[];
}

/** Finds a stack that is up. @throws UserError if it isn't */
export async function placeOf(stack: string): Promise<Place> {
    const running = await runningStack({ stack });
    const { app, environment } = running.settings;
    const wordPress = app.type === "wordpress";
    const images: [string, string | undefined][] = wordPress
        ? [["web", app.web.image], ["database", app.database.image]]
        : [...Object.entries(app.services).map(([name, { image }]): [string, string | undefined] => [name, image]),
            ...usesDatabase(app) ? [["database", app.database.image] as [string, string | undefined]] : []];
    return {
        ...running, connection: await connect(running.kubeconfig), namespace: environment.name,
        parts: images.map(([part]) => part), named: images.filter(([, image]) => image !== undefined).map(([part]) => part),
        exposed: visitedServices(running.settings),
    };
}

/** The services to which the gateway sends an environment's requests. To one that sleeps, they all come by the activator. */
export function visitedServices({ app, environment }: Pick<PlainSettings, "app" | "environment">): string[] {
    if (environment.sleepAfter !== undefined) return [activatorName];
    return app.type === "wordpress" ? ["web"] : Object.entries(app.services).filter(([, { exposed }]) => exposed).map(([name]) => name);
}

/** The images that it runs. @throws UserError if that can't be said, as in the middle of an update */
export async function imagesOf(place: Place): Promise<Record<string, RunningImage>> {
    const { observed, unread } = await collect(place.kubeconfig, place.settings.environment, false).catch((error: Error) => {
        throw error instanceof Unreachable ? explainSilence(error, place, "list pods") : error;
    });
    const missing = unread.find(({ what }) => [`pods in ${place.namespace}`, `jobs in ${place.namespace}`].includes(what));
    if (missing) throw new UserError(`The cluster of "${place.name}" doesn't list the ${missing.what}: ${missing.why}\nTry again. Nothing was changed.`);
    return runningImages(observed, place.namespace, place.parts, place.name);
}

/** A stack's engine, and what a run adds to the stack's configuration on this computer. */
export interface Driver {
    engine: PulumiEngine;
    rewrite: (promotion?: Promotion) => ((configuration: string) => string) | undefined;
}

/** Gets what the engine needs, as `npm start` does. @throws UserError if the stack doesn't exist */
export async function driverOf({ name, settings: { cluster }, settings, command }: Place, terminal: Terminal, signal: AbortSignal): Promise<Driver> {
    const log = (line: string): void => terminal.line(`  ${line}`);
    const [{ PulumiEngine }, { ensurePulumi }] = await Promise.all([import("../engine/pulumi"), import("../tools/pulumi")]);
    const pulumi = await ensurePulumi(cluster.target, await probes.answers(pulumiDownload), log);
    const kit = readRecord(name)?.kit ? await buildKit(log, cluster.target === "minikube" ? "minikube" : "kind") : undefined;
    if (kit) Object.assign(process.env, kit.env);
    else await ensureClusterTool(cluster.target, log);
    if (sharesPlatform(cluster)) addClusterTools();
    else await ensureManifests(manifestsFor(settings), log);
    const engine = await PulumiEngine.find(name, pulumi, terminal, signal);
    if (!engine) throw new UserError(`The backend has no stack "${name}". Bring it up once: ${command("start")}\nNothing was changed.`);
    const rewrite: Driver["rewrite"] = promotion => !kit && !promotion ? undefined : text => {
        const own = kit ? withKitSettings(text, kit.settings) : text;
        return promotion ? withPromotion(own, promotion) : own;
    };
    return { engine, rewrite };
}

/** A stack's configuration with a promotion, for one run. The stack's state remembers it, so the file stays as it is committed. */
export function withPromotion(configuration: string, promotion: Promotion): string {
    const document = yaml.parseDocument(configuration, { schema: "failsafe" });
    const keys = ["landfall:promotion", "landfall:config:promotion", "promotion"];
    for (const key of keys) if (document.hasIn(["config", key])) document.deleteIn(["config", key]);
    document.setIn(["config", keys[0]], document.createNode(promotion));
    return document.toString({ lineWidth: 0 });
}
