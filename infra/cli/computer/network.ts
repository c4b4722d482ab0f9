import * as fs from "node:fs";
import * as path from "node:path";
import { cacheDirectory } from "../../../components/cache";
import { describeProxy, proxyFor } from "../../../components/proxy";
import type { Needs } from "./needs";
import type { Probes } from "./probes";
import type { Finding } from "./report";

/** Which parts of the internet can be reached. */
export interface Network {
    /** Where the Pulumi CLI comes from. */
    pulumi: boolean;
    /** Where public images come from. */
    images: boolean;
}

export const pulumiDownload = "https://get.pulumi.com/install.sh";
const registry = "https://registry-1.docker.io/v2/";

/** Finds out which addresses answer, and whether the kit is needed. */
export async function networkFindings(needs: Needs, probes: Probes, startedWithKit?: boolean): Promise<{
    findings: Finding[];
    network: Network;
    kit: boolean;
    /** Whether the kit must be built from scratch, which takes much more disk space. */
    coldKit: boolean;
}> {
    const [pulumi, images] = await Promise.all([probes.answers(pulumiDownload), probes.answers(registry)]);
    const network = { pulumi, images };
    const silent = [...pulumi ? [] : [pulumiDownload], ...images ? [] : [registry]];
    const distrusted = await distrustedOf(silent, probes);
    const kit = startedWithKit ?? (needs.containers && !images && !distrusted);
    const proxy = proxyFor(new URL(pulumiDownload));
    const by = proxy ? ` through the proxy ${describeProxy(proxy)}` : "";
    // A stack that was started before has what it needs.
    const closed = distrusted ? [distrustFinding(distrusted, needs.containers && startedWithKit === undefined, by)] : closedFindings(network, kit, needs, by);
    const findings = [...closed, ...(kit ? kitFindings(probes) : [])];
    if (findings.length === 0) findings.push({ state: "ok", text: `The network is open${by}` });
    if (proxy && needs.docker && isHere(proxy.hostname)) findings.push(localProxy(proxy));
    return { findings, network, kit, coldKit: kit && !fs.existsSync(path.join(cacheDirectory(), "kit")) };
}

/** An address whose certificate isn't trusted, and the code of the error. */
interface Distrusted {
    url: string;
    code: string;
}

async function distrustedOf(urls: string[], probes: Probes): Promise<Distrusted | undefined> {
    const found = await Promise.all(urls.map(async url => ({ url, code: await probes.distrusted(url) })));
    return found.find((one): one is Distrusted => one.code !== undefined);
}

function distrustFinding({ url, code }: Distrusted, isProblem: boolean, by: string): Finding {
    return {
        state: isProblem ? "problem" : "note",
        text: `Node doesn't trust the certificate that ${new URL(url).hostname} shows${by} (${code}): a company's proxy seems to inspect connections`,
        remedy: "Set NODE_EXTRA_CA_CERTS to a file with the proxy's CA certificate, in PEM, and run the command again. Node 22.19, " +
            "24.6 and newer also trust the certificates that this computer trusts.",
    };
}

function isHere(host: string): boolean {
    return /^(localhost|127\..*|\[::1\])$/.test(host);
}

function localProxy(proxy: URL): Finding {
    return {
        state: "note",
        text: `Containers can't reach the proxy ${describeProxy(proxy)}, which is this computer's own: building an image may ` +
            "fail. Give HTTPS_PROXY and HTTP_PROXY an address that other computers know it by",
    };
}

function closedFindings({ pulumi, images }: Network, kit: boolean, needs: Needs, by: string): Finding[] {
    const findings: Finding[] = [];
    if (!pulumi) findings.push({ state: "note", text: `The network is closed: get.pulumi.com doesn't answer${by}` });
    if (kit) {
        const text = images ? "This stack was started with the kit's images, and stays with them"
            : `Docker Hub doesn't answer${by}: the cluster's images come from the kit, built from package registries`;
        findings.push({ state: "note", text });
    } else if (!images && needs.disk) {
        const text = `Docker Hub doesn't answer${by}: only images that are here already can be used`;
        findings.push({ state: "note", text });
    }
    return findings;
}

/** What the kit needs and this computer lacks. */
function kitFindings(probes: Probes): Finding[] {
    const lacking: Finding[] = [];
    if (!probes.rootOnDebian) {
        lacking.push({
            state: "problem",
            text: "The kit needs root on a Debian-family Linux: this isn't one, or you aren't root",
            remedy: "Connect this computer to the network, or run the command as root on Debian or Ubuntu.",
        });
    }
    if (!probes.onPath("go")) {
        lacking.push({
            state: "problem",
            text: "The kit needs Go, which is not on PATH",
            remedy: "Install Go: https://go.dev/doc/install",
        });
    }
    if (!probes.onPath("python3")) {
        lacking.push({
            state: "problem",
            text: "The kit needs Python 3 with pip, which is not on PATH",
            remedy: "Install it: apt-get install python3-pip",
        });
    }
    return lacking;
}
