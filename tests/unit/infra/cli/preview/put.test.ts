import * as fs from "node:fs";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { main } from "../../../../../infra/cli/comment";
import { pullRequestOf } from "../../../../../infra/cli/comment/hosts";
import { putComments } from "../../../../../infra/cli/comment/put";
import type { Change, Plan } from "../../../../../infra/cli/preview/plan";
import { writePlans } from "../../../../../infra/cli/preview/written";

interface Note { id: number; author: string; body: string }
type Host = "github" | "gitlab";

/** Stands in for a host's API: pages, authors, and answers that come before the right ones. */
class Standin {
    notes: Note[] = [];
    labels: string[] = [];
    self = "landfall-bot";
    /** Answers to the next requests that match, each once. */
    readonly failures: { match: RegExp; status: number; headers?: Record<string, string>; after?: boolean; breaks?: boolean }[] = [];
    readonly log: string[] = [];
    /** Called before a list is answered. */
    beforeList: (count: number) => void = () => undefined;
    private lists = 0;
    private next = 1000;
    private server!: http.Server;

    constructor(private readonly host: Host) {}

    async start(): Promise<string> {
        this.server = http.createServer((request, response) => {
            let body = "";
            request.on("data", (data: Buffer) => (body += data.toString())).on("end", () => this.answer(request, body, response));
        });
        await new Promise<void>(resolve => this.server.listen(0, "127.0.0.1", resolve));
        return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/api`;
    }

    stop(): void {
        this.server.closeAllConnections();
        this.server.close();
    }

    add(author: string, body: string, id = this.next++): Note {
        const note = { id, author, body };
        this.notes.push(note);
        return note;
    }

    private answer(request: http.IncomingMessage, sent: string, response: http.ServerResponse): void {
        const { pathname, searchParams } = new URL(request.url as string, "http://x");
        const what = `${request.method} ${pathname.replace("/api", "")}`;
        this.log.push(what);
        const send = (status: number, value?: unknown, headers = {}) => {
            response.writeHead(status, { "content-type": "application/json", ...headers });
            response.end(status === 204 ? undefined : JSON.stringify(value));
        };
        const index = this.failures.findIndex(({ match }) => match.test(what));
        const [failure] = index < 0 ? [] : this.failures.splice(index, 1);
        const text = sent ? (JSON.parse(sent) as { body: string }).body : "";
        // A host may have done what it doesn't answer.
        if (failure?.after && request.method === "POST") this.add(this.self, text);
        if (failure?.breaks) {
            response.writeHead(200, { "content-length": "1000" });
            response.write("[", () => response.destroy());
            return;
        }
        if (failure) return send(failure.status, { message: "Not now" }, failure.headers);
        const size = Number(searchParams.get("per_page") ?? 20);
        const page = <T>(list: T[]) => list.slice((Number(searchParams.get("page") ?? 1) - 1) * size).slice(0, size);
        const id = Number(/\/(?:comments|notes)\/(\d+)$/.exec(pathname)?.[1] ?? 0);
        const note = this.notes.find(each => each.id === id);
        if (pathname.endsWith("/user")) return this.self === "github-actions[bot]" ? send(403, {}) : send(200, { login: this.self, username: this.self });
        if (pathname.endsWith("/labels")) return send(200, page(this.labels.map(name => ({ name }))));
        if (/\/merge_requests\/\d+$/.test(pathname)) return send(200, { labels: this.labels });
        if (request.method === "GET") {
            this.beforeList(++this.lists);
            return send(200, page(this.notes).map(each => this.shown(each)));
        }
        if (request.method === "POST") return send(201, this.shown(this.add(this.self, text)));
        if (!note) return send(404, { message: "Not Found" });
        if (note.author !== this.self) return send(403, { message: "It is someone else's" });
        if (request.method === "DELETE") this.notes = this.notes.filter(each => each !== note);
        else note.body = text;
        return send(request.method === "DELETE" ? 204 : 200, this.shown(note));
    }

    private shown({ id, author, body }: Note): object {
        return this.host === "github" ? { id, user: { login: author }, body } : { id, author: { username: author }, body, system: false };
    }
}

const marker = "<!-- landfall:preview -->";
const body = (text: string): string => `${marker}\n${text}\n`;

describe.each(["github", "gitlab"] as const)("the comment on %s", host => {
    let api: Standin;
    let url: string;
    const waits: number[] = [];
    beforeEach(async () => {
        api = new Standin(host);
        url = await api.start();
        waits.length = 0;
    });
    afterEach(() => api.stop());

    const request = (run?: number, more: NodeJS.ProcessEnv = {}) => pullRequestOf(host === "github"
        ? { GITHUB_API_URL: url, GITHUB_REPOSITORY: "owner/name", PULL_REQUEST: "7", GITHUB_TOKEN: "t0ken", ...run && { GITHUB_RUN_ID: String(run) }, ...more }
        : { CI_API_V4_URL: url, CI_PROJECT_ID: "12", CI_MERGE_REQUEST_IID: "7", GITLAB_TOKEN: "t0ken", ...run && { CI_PIPELINE_ID: String(run) }, ...more },
    async milliseconds => void waits.push(milliseconds));
    const put = (text: string, run?: number) => putComments(request(run), [body(text)]);
    const own = () => api.notes.filter(({ body }) => body.startsWith(marker));

    it("is created once and edited later, and not touched if it says the same", async () => {
        await put("one");
        await put("two");
        await put("two");
        expect(own()).toHaveLength(1);
        expect(own()[0].body).toContain("two");
        expect(api.log.filter(line => /^(PATCH|PUT)/.test(line))).toHaveLength(1);
    });

    it("is found on the second page", async () => {
        for (let index = 0; index < 130; index++) api.add("someone", "hello");
        const mine = api.add(api.self, body("old"));
        await put("new");
        expect(own()).toEqual([{ ...mine, body: expect.stringContaining("new") as string }]);
        expect(api.log.some(line => line.startsWith("POST"))).toBe(false);
    });

    it("leaves a stranger's comment alone that has the marker, and a quote of it in one of ours", async () => {
        const theirs = api.add("stranger", body("forged"));
        const quote = api.add(api.self, `> ${marker}\nquoted`);
        await put("new");
        expect(api.notes).toContainEqual(theirs);
        expect(api.notes).toContainEqual(quote);
        expect(own().filter(({ author }) => author === api.self)).toHaveLength(1);
    });

    it("is one after two runs that began at the same time, with the text of the newer", async () => {
        let other: Promise<boolean> | undefined;
        api.beforeList = () => {
            api.beforeList = () => undefined;
            other = put("older", 1);
        };
        await put("newer", 2);
        await other;
        await put("newer", 2);
        expect(own()).toHaveLength(1);
        expect(own()[0].body).toContain("newer");
        expect(await put("late", 1)).toBe(false);
        expect(own()[0].body).toContain("newer");
    });

    it("is one where a run created its own between our look and our creation", async () => {
        api.beforeList = count => {
            if (count === 2) api.add(api.self, body("theirs"), 1);
        };
        await put("ours", 2);
        expect(own().map(({ id }) => id)).toEqual([1]);
        expect(own()[0].body).toContain("ours");
    });

    it("comes in parts where it is long, and parts that aren't needed any more go", async () => {
        const second = "<!-- landfall:preview 2 -->\nmore\n";
        await putComments(request(), [body("long"), second]);
        expect(api.notes).toHaveLength(2);
        await putComments(request(), [body("short")]);
        expect(api.notes).toHaveLength(1);
        expect(api.notes[0].body).toContain("short");
    });

    it("waits where the host limits the rate or is overloaded, as long as the host says", async () => {
        api.failures.push({ match: /^GET .*(comments|notes)$/, status: 429, headers: { "retry-after": "7" } }, { match: /^POST/, status: 502 });
        if (host === "github") {
            api.failures.push({ match: /^GET .*comments$/, status: 403, headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(Math.floor(Date.now() / 1000) + 30) } });
        }
        await put("one");
        expect(own()).toHaveLength(1);
        expect(waits).toContain(7000);
        if (host === "github") expect(waits.some(wait => wait > 20_000 && wait <= 31_000)).toBe(true);
    });

    it("is one where the host created it and failed to say so", async () => {
        api.failures.push({ match: /^POST/, status: 504, after: true });
        await put("one");
        expect(own()).toHaveLength(1);
    });

    it("isn't created again where the host doesn't say whose the token is", async () => {
        await put("one");
        for (let index = 0; index < 5; index++) api.failures.push({ match: /^GET .*\/user$/, status: 503 });
        await expect(put("two")).rejects.toThrow("503");
        expect(own()).toHaveLength(1);
    });

    it("is put although an answer breaks off", async () => {
        api.failures.push({ match: /^GET .*(comments|notes)$/, status: 200, breaks: true });
        await put("one");
        expect(own()).toHaveLength(1);
    });

    it("isn't said to be in place where the repository has moved", async () => {
        api.failures.push({ match: /^POST/, status: 301, headers: { location: "/api/elsewhere" } });
        await expect(put("one")).rejects.toThrow(/POST .* leads elsewhere \(301\)/);
    });

    it("isn't tried without end", async () => {
        for (let index = 0; index < 9; index++) api.failures.push({ match: /^GET .*(comments|notes)$/, status: 503 });
        await expect(put("one")).rejects.toThrow(/answered with 503, 5 times[^]*Run the command again later/);
        api.failures.length = 0;
        api.failures.push({ match: /^GET .*(comments|notes)$/, status: 429, headers: { "retry-after": "3600" } });
        await expect(put("one")).rejects.toThrow("60 more minutes");
    });

    it("says which right is missing, and nothing of the token", async () => {
        api.failures.push({ match: /^POST/, status: 403 });
        const error = await put("one").catch((error: Error) => error) as Error;
        expect(error.message).toMatch(/refused with 403 \(Not now\)\. GIT\w+_TOKEN needs [^]*fork[^]*infra\/guides\/team\.md/);
        expect(error.message).not.toContain("t0ken");
    });

    it("reads labels when it is asked", async () => {
        const pull = request();
        expect(await pull.labels()).toEqual([]);
        api.labels = ["data-loss-accepted", "other"];
        expect(await pull.labels()).toEqual(["data-loss-accepted", "other"]);
    });

    it("needs a token and a number", () => {
        expect(() => request(1, { GITHUB_TOKEN: "", GITLAB_TOKEN: "" })).toThrow(/TOKEN isn't set/);
        expect(() => request(1, { PULL_REQUEST: "7/../8", CI_MERGE_REQUEST_IID: "7/../8" })).toThrow(/must be the number/);
        expect(() => pullRequestOf({})).toThrow(/GITHUB_REPOSITORY[^]*CI_API_V4_URL/);
    });
});

describe("npm run comment", () => {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall comment "));
    let api: Standin;
    beforeEach(async () => {
        api = new Standin("github");
        vi.spyOn(process.stdout, "write").mockReturnValue(true);
        vi.spyOn(process.stderr, "write").mockReturnValue(true);
        const environment = { GITHUB_API_URL: await api.start(), GITHUB_REPOSITORY: "owner/name", PULL_REQUEST: "7", GITHUB_TOKEN: "t", CI_MERGE_REQUEST_IID: "", GITHUB_RUN_ID: "" };
        for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    });
    afterEach(() => {
        api.stop();
        vi.unstubAllEnvs();
        vi.restoreAllMocks();
    });
    const change: Change = {
        operation: "delete", urn: "urn:pulumi:p::landfall::kubernetes:core/v1:PersistentVolumeClaim::a", type: "kubernetes:core/v1:PersistentVolumeClaim", properties: [],
    };
    const plan: Plan = { stack: "prod", counts: { create: 0, update: 0, replace: 0, delete: 1, same: 0 }, changes: [change], warnings: [], errors: [], notes: [] };
    const verdicts = { fine: plan, losesData: { ...plan, changes: [{ ...change, data: "a volume" }] }, failed: { ...plan, errors: ["no"] } };
    const write = (written: unknown): void => fs.writeFileSync(path.join(directory, "preview.json"), JSON.stringify(written));
    const judge = (verdict: keyof typeof verdicts): Promise<number> => {
        writePlans(directory, [verdicts[verdict]]);
        return main(["--from", directory, "--address", "https://branch.example.com"]);
    };

    it("blocks what loses data until the label is set, and again without it", async () => {
        expect(await judge("losesData")).toBe(3);
        api.labels = ["another", "data-loss-accepted"];
        expect(await judge("losesData")).toBe(0);
        api.labels = ["data-loss-accepted-not"];
        expect(await judge("losesData")).toBe(3);
        expect(api.notes).toHaveLength(1);
        expect(api.notes[0].body).toContain("The branch's environment: https://branch.example.com/");
    });

    it("asks for no label where nothing is lost, and accepts no failure by one", async () => {
        expect(await judge("fine")).toBe(0);
        expect(api.log.some(line => line.endsWith("/labels"))).toBe(false);
        api.labels = ["data-loss-accepted"];
        expect(await judge("failed")).toBe(1);
    });

    it("judges the plans itself, and makes harmless what the pull request's code wrote into them", async () => {
        const text = "</details>\n\n@everyone ![](http://x/y.png) <img src=x>";
        write({ verdict: "fine", plans: [{ ...plan, changes: [{ ...change, data: text }], notes: [text], warnings: [text] }] });
        expect(await main(["--from", directory])).toBe(3);
        const [top, ...collapsed] = api.notes[0].body.split("<details>");
        expect(top).toContain("&#64;everyone");
        expect(top).not.toMatch(/<(?!!--)|(?<!&#64;)@everyone|!\[/);
        expect(collapsed.join("").match(/^<\/details>$/gm)).toHaveLength(2);
    });

    it.each([
        [[]], [null], [{}], [{ plans: "x" }], [{ plans: [null] }], [{ plans: [{ ...plan, errors: undefined }] }], [{ plans: [{ ...plan, counts: {} }] }],
        [{ plans: [{ ...plan, counts: { ...plan.counts, create: "<img>" } }] }], [{ plans: [{ ...plan, changes: [{ ...change, operation: "none" }] }] }],
        [{ plans: [{ ...plan, changes: [{ ...change, properties: [{ path: 1 }] }] }] }], [{ plans: [{ ...plan, changes: [{ ...change, data: {} }] }] }],
    ])("refuses what has another form: %j", async written => {
        write(written);
        await expect(main(["--from", directory])).rejects.toThrow(/it has another form[^]*Nothing was changed/);
        expect(api.log).toEqual([]);
    });

    it("fails rather than write more comments than anybody reads", async () => {
        const lost = { ...change, data: "x".repeat(400) };
        writePlans(directory, [{ ...plan, changes: Array.from({ length: 4000 }, () => lost) }]);
        await expect(main(["--from", directory])).rejects.toThrow(/fills \d+ comments[^]*npm run preview/);
        expect(api.log).toEqual([]);
    });

    it("changes nothing without a preview", async () => {
        fs.writeFileSync(path.join(directory, "preview.json"), "no JSON");
        await expect(main(["--from", directory])).rejects.toThrow(/preview\.json can't be read[^]*npm run preview -- --out[^]*Nothing was changed/);
        await expect(main(["--from", path.join(directory, "none")])).rejects.toThrow("can't be read");
        await expect(main([])).rejects.toThrow("--from is missing");
        expect(api.log).toEqual([]);
    });
});

it("on GitHub, a workflow's token writes as github-actions", async () => {
    const api = new Standin("github");
    const url = await api.start();
    try {
        api.self = "github-actions[bot]";
        const request = pullRequestOf({ GITHUB_API_URL: url, GITHUB_REPOSITORY: "owner/name", PULL_REQUEST: "7", GITHUB_TOKEN: "t" });
        await putComments(request, [body("one")]);
        await putComments(request, [body("two")]);
        expect(api.notes).toHaveLength(1);
    } finally {
        api.stop();
    }
});
