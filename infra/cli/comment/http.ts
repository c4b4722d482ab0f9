import { UserError } from "../terminal/errors";

/** A host's API: where it is, and what each request carries. */
export interface Api {
    url: string;
    headers: Record<string, string>;
    /** The setting that holds the token, and the right it must have, for messages. */
    token: string;
    right: string;
    sleep?: (milliseconds: number) => Promise<void>;
}

/** The host refused a request, and would again. */
export class Refused extends UserError {
    constructor(message: string, readonly status: number) {
        super(message);
    }
}

interface Answer {
    status: number;
    body: unknown;
}

/** Attempts at a request, and the longest wait between two of them, in seconds. */
const patience = { attempts: 5, seconds: 120 };

/** Sends a request, and again if the host is overloaded or limits the rate. Returns its answer, also one of 404. */
export async function request(api: Api, method: string, path: string, body?: object): Promise<Answer> {
    const sleep = api.sleep ?? ((milliseconds: number) => new Promise<void>(resolve => void setTimeout(resolve, milliseconds)));
    const what = `${method} ${new URL(api.url).host}${new URL(api.url).pathname.replace(/\/$/, "")}${path}`;
    for (let attempt = 1; ; attempt++) {
        const answer = await ask(`${api.url}${path}`, {
            method, headers: { "content-type": "application/json", "user-agent": "landfall", ...api.headers },
            ...(body && { body: JSON.stringify(body) }),
            // fetch follows a redirect of a POST with a GET, and that creates nothing.
            redirect: "manual",
        }).catch((error: Error) => error);
        const last = attempt === patience.attempts;
        if (answer instanceof Error) {
            if (last) throw new UserError(`${what} got no answer: ${answer.message}. Run the command again.`);
            await sleep(2 ** attempt * 1000);
            continue;
        }
        const { response, text } = answer;
        if (response.ok || response.status === 404) return { status: response.status, body: parsed(text) };
        const wait = waitOf(response, attempt);
        if (wait === undefined) throw new Refused(refusal(api, what, response.status, text), response.status);
        if (last || wait > patience.seconds) {
            throw new UserError(`${what} was answered with ${response.status}, ${attempt} times. The host is overloaded or limits `
                + `the rate${wait > patience.seconds ? ` for ${Math.ceil(wait / 60)} more minutes` : ""}. Run the command again later.`);
        }
        await sleep(wait * 1000);
    }
}

/** An answer with all of its text: a connection can also break within it. */
async function ask(url: string, options: RequestInit): Promise<{ response: Response; text: string }> {
    const response = await fetch(url, { ...options, signal: AbortSignal.timeout(30_000) });
    return { response, text: await response.text() };
}

/** All pages of a list. */
export async function pages<T>(api: Api, path: string): Promise<T[]> {
    const size = 100;
    const found: T[] = [];
    for (let page = 1; ; page++) {
        const { status, body } = await request(api, "GET", `${path}?per_page=${size}&page=${page}`);
        if (status === 404 || !Array.isArray(body)) throw new UserError(`There is no ${path} at ${new URL(api.url).host}, or ${api.token} may not see it.`);
        found.push(...body as T[]);
        if (body.length < size) return found;
    }
}

/** Seconds until the request may succeed; undefined if it won't. */
function waitOf({ status, headers }: Response, attempt: number): number | undefined {
    const after = Number(headers.get("retry-after") ?? NaN);
    const limited = status === 429 || (status === 403 && (headers.get("x-ratelimit-remaining") === "0" || !Number.isNaN(after)));
    if (!limited && status < 500) return undefined;
    if (!Number.isNaN(after)) return Math.max(1, after);
    const reset = Number(headers.get("x-ratelimit-reset") ?? headers.get("ratelimit-reset") ?? NaN);
    if (limited && !Number.isNaN(reset)) return Math.max(1, Math.ceil(reset - Date.now() / 1000));
    return 2 ** attempt;
}

function refusal({ token, right }: Api, what: string, status: number, text: string): string {
    const why = (parsed(text) as { message?: unknown } | undefined)?.message;
    if (status >= 300 && status < 400) return `${what} leads elsewhere (${status}): the repository has another name now. Use that one. Nothing was changed.`;
    const advice = status === 401 || status === 403
        ? ` ${token} needs ${right}. Hosts don't give that to the pull request of a fork: infra/guides/team.md says what to do there.` : "";
    return `${what} was refused with ${status}${typeof why === "string" ? ` (${why.slice(0, 200)})` : ""}.${advice}`;
}

function parsed(text: string): unknown {
    try {
        return JSON.parse(text);
    } catch {
        return undefined;
    }
}
