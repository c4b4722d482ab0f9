import { type Connection, send } from "../../../components/cluster/kubernetes-api";
import { proxyName, proxyPorts } from "../../../components/platform/gateway/names";
import { namespaces } from "../../../components/platform/namespaces";
import { get } from "../logs/tunnel";
import { list, text } from "../status/fields";
import { isDeleting, isReady } from "../status/objects";

/** A page as the gateway has answered it. */
export interface Page {
    status: number;
    text: string;
}

/** What pages of these say although something is broken, mostly with the status 200. */
const errors = [
    "Error establishing a database connection", "There has been a critical error on this website", "Briefly unavailable for scheduled maintenance",
    "Fatal error:", "Parse error:", "Uncaught Error", "SQLSTATE[", "Internal Server Error", "Service Unavailable", "Bad Gateway",
];
/** Where an error is the page itself, rather than what a page tells about. */
const beginning = 4096;

/**
 * What is wrong with a page; undefined if nothing is.
 * @param before the same page as it was before the new version
 * @param expected text that it must contain
 */
export function pageProblem(page: Page, { before, expected }: { before?: Page; expected?: string } = {}): string | undefined {
    if (page.status >= 400) return `it answers with ${page.status}`;
    if (expected !== undefined) return page.text.includes(expected) ? undefined : `it doesn't contain "${expected}" (--expect)`;
    if (page.status >= 300) return before?.status === 200 ? `it redirects (${page.status}), and it didn't before` : undefined;
    const visible = page.text.replace(/<(script|style)\b[\s\S]*?<\/\1>/gi, "");
    const title = /<title[^>]*>([\s\S]*?)<\/title>/i.exec(page.text)?.[1] ?? "";
    const said = (text: string) => errors.find(error => text.toLowerCase().includes(error.toLowerCase()));
    // A long page may be an article about it. The page from before tells.
    const known = before === undefined ? undefined : said(before.text);
    const error = said(title) ?? said(visible.length > beginning * 4 ? visible.slice(0, beginning) : visible);
    if (error !== undefined && error !== known) return `it says "${error}"`;
    const isWhole = ({ text }: Page) => /<\/html>\s*(<!--[\s\S]*-->\s*)?$/i.test(text);
    if (before?.status === 200 && isWhole(before) && !isWhole(page)) return "it breaks off before its end";
    return before?.status === 200 && before.text.trim() !== "" && page.text.trim() === "" ? "it is empty" : undefined;
}

/** Gets a page from a proxy of the gateway, as a visitor would, from wherever the cluster's API is reached. */
export async function fetchPage({ connection, kubeconfig }: { connection: Connection; kubeconfig: string }, address: string, path: string): Promise<Page> {
    const selector = encodeURIComponent(`app.kubernetes.io/name=${proxyName}`);
    const found = await send(connection, "GET", `/api/v1/namespaces/${namespaces.gateway}/pods?labelSelector=${selector}`, { seconds: 20 });
    const ready = list(found, "items").filter(pod => isReady(pod) && !isDeleting(pod));
    if (ready.length === 0) throw new Error("no proxy of the gateway is ready");
    const place = { kubeconfig, namespace: namespaces.gateway, pod: text(ready[0], "metadata", "name"), port: proxyPorts.https };
    const url = new URL(address);
    return get(place, path, { host: url.host, tls: url.hostname }, AbortSignal.timeout(30_000));
}
