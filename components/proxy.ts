import * as net from "node:net";

const names = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"];

/** The environment's variables for proxies, in upper and lower case, to pass to builds of images. */
export function proxyVariables(env: NodeJS.ProcessEnv = process.env): Record<string, string> {
    const found = names.flatMap(name => [name.toLowerCase(), name]).map(name => [name, env[name] ?? ""] as const);
    return Object.fromEntries(found.filter(([, value]) => value !== ""));
}

/**
 * The proxy for a URL according to HTTPS_PROXY, HTTP_PROXY and NO_PROXY, read as Go programs such as Pulumi, kind and kubectl
 * do: this computer needs no proxy, and NO_PROXY lists hosts, domains and address ranges.
 */
export function proxyFor(url: URL, env: NodeJS.ProcessEnv = process.env): URL | undefined {
    const variable = url.protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY";
    const given = read(env, variable);
    if (given === "" || isExempt(url, read(env, "NO_PROXY"))) return undefined;
    try {
        return new URL(given.includes("://") ? given : `http://${given}`);
    } catch {
        throw new Error(`${variable} is not the address of a proxy, such as http://proxy.example.com:3128`);
    }
}

/** The proxy for messages, without the login that its address may contain. */
export function describeProxy(proxy: URL): string {
    return proxy.host;
}

/**
 * Makes `fetch` use these proxies. Node's own does so only from version 24, on request, and from version 26 it takes no
 * dispatcher of another version of undici.
 */
export function useProxies(): void {
    if (!read(process.env, "HTTPS_PROXY") && !read(process.env, "HTTP_PROXY")) return;
    // Loaded only if there is a proxy, because loading it takes time.
    const { Agent, Dispatcher, fetch, FormData, Headers, ProxyAgent, Request, Response } = require("undici") as typeof import("undici");
    const direct = new Agent();
    const agents = new Map<string, InstanceType<typeof ProxyAgent>>();
    const agentOf = (proxy: URL): InstanceType<typeof ProxyAgent> => {
        const agent = agents.get(proxy.href) ?? new ProxyAgent(proxy.href);
        agents.set(proxy.href, agent);
        return agent;
    };
    class ByEnvironment extends Dispatcher {
        dispatch(...[options, handler]: Parameters<InstanceType<typeof Dispatcher>["dispatch"]>): boolean {
            const proxy = proxyFor(new URL(String(options.origin)));
            // undici doesn't support SOCKS.
            return (proxy && /^https?:$/.test(proxy.protocol) ? agentOf(proxy) : direct).dispatch(options, handler);
        }
    }
    const dispatcher = new ByEnvironment();
    const byProxy: typeof fetch = (input, init) => fetch(input, { dispatcher, ...init });
    // Its classes too: undici's fetch takes no Request of Node's own.
    Object.assign(globalThis, { fetch: byProxy, FormData, Headers, Request, Response });
}

function read(env: NodeJS.ProcessEnv, name: string): string {
    return (env[name.toLowerCase()] || env[name] || "").trim();
}

function isExempt(url: URL, noProxy: string): boolean {
    const host = url.hostname.replace(/^\[|\]$/g, "").toLowerCase();
    if (host === "localhost" || host.endsWith(".localhost") || isLoopback(host)) return true;
    const port = url.port || (url.protocol === "https:" ? "443" : "80");
    return noProxy.toLowerCase().split(/[\s,]+/).filter(Boolean).some(entry => matches(entry, host, port));
}

function matches(entry: string, host: string, port: string): boolean {
    if (entry === "*") return true;
    if (entry.includes("/")) return isInRange(entry, host);
    const [, name, wanted] = /^(.*?)(?::(\d+))?$/.exec(net.isIPv6(entry) ? `[${entry}]` : entry) as RegExpExecArray;
    if (wanted !== undefined && wanted !== port) return false;
    const plain = name.replace(/^\[|\]$/g, "").replace(/^\*?\.?/, "");
    if (plain === "") return false;
    const below = host.endsWith(`.${plain}`);
    return /^\*?\./.test(name) ? below : below || host === plain;
}

function isLoopback(host: string): boolean {
    return isInRange("127.0.0.0/8", host) || isInRange("::1/128", host);
}

function isInRange(range: string, host: string): boolean {
    const [address, bits] = range.split("/");
    const family = net.isIP(address);
    if (family === 0 || net.isIP(host) !== family || !/^\d{1,3}$/.test(bits) || Number(bits) > (family === 4 ? 32 : 128)) return false;
    const list = new net.BlockList();
    list.addSubnet(address, Number(bits), family === 4 ? "ipv4" : "ipv6");
    return list.check(host, family === 4 ? "ipv4" : "ipv6");
}
