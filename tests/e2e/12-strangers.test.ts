import { randomBytes } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { clientConnections } from "./support/config";
import { onNode } from "./support/docker";
import { Cluster } from "./support/kubernetes";
import { address } from "./support/names";
import { Answer, ask, Editor } from "./support/site";
import { adminPassword, ensureUp } from "./support/stack";
import { until } from "./support/wait";

const form = "application/x-www-form-urlencoded";
let admin: Editor;

beforeAll(async () => {
    await ensureUp();
    admin = await Editor.logIn(adminPassword());
});

function logIn(user: string, password: string, cookie = ""): Promise<Answer> {
    const body = new URLSearchParams({ log: user, pwd: password, "wp-submit": "Log In", testcookie: "1" }).toString();
    const headers = { "Content-Type": form, "Cookie": `wordpress_test_cookie=WP%20Cookie%20check; ${cookie}` };
    return ask({ method: "POST", path: "/wp-login.php", headers, body });
}

const cookies = ({ headers }: Answer): string => (headers["set-cookie"] ?? []).map(line => line.split(";")[0]).join("; ");
const errorIn = ({ text }: Answer): string => /id="login_error"[^>]*>([\s\S]*?)<\/div>/.exec(text)?.[1].replace(/<[^>]*>/g, "") ?? "";

describe("who guesses passwords", () => {
    const name = `reader-${randomBytes(4).toString("hex")}`;
    const password = randomBytes(12).toString("hex");
    let device: string;

    beforeAll(async () => {
        const { status, text } = await ask({
            method: "POST", path: "/wp-json/wp/v2/users", headers: { ...admin.credentials, "Content-Type": "application/json" },
            body: JSON.stringify({ username: name, password, email: `${name}@example.com` }),
        });
        expect(status, text.slice(0, 300)).toBe(201);
        device = cookies(await logIn(name, password)).split("; ").filter(cookie => cookie.startsWith("landfall_device_")).join("; ");
    });

    it.each([["an account", name], ["a name that nobody has", `${name}-x`]])("of %s has to wait, whichever replica answers", async (_, user) => {
        const begin = Date.now();
        const answers: Answer[] = [];
        for (let n = 0; n < 20; n++) answers.push(await logIn(user, `wrong-${n}`));
        expect(answers.map(({ status }) => status)).toEqual([...Array<number>(10).fill(200), ...Array<number>(10).fill(429)]);
        // The same for both: neither tells whether there is such an account.
        expect([...new Set(answers.slice(0, 10).map(errorIn))]).toEqual(["Error: Invalid username, email address or incorrect password."]);
        // A quarter of an hour from the first, told in minutes, of which one has begun.
        const wait = Number(answers[19].headers["retry-after"]);
        expect(wait).toBeLessThanOrEqual(900);
        expect(wait).toBeGreaterThan(895 - (Date.now() - begin) / 1000);
        expect(errorIn(answers[19])).toContain(`Too many attempts. Try again in ${Math.ceil(wait / 60)} minutes`);
    });

    it("doesn't get in with the right one any more, and doesn't lock out the browser that knows it", async () => {
        expect((await logIn(name, password)).status).toBe(429);
        const answer = await logIn(name, password, device);
        expect(answer.status).toBe(302);
        expect(cookies(answer)).toContain("wordpress_logged_in_");
    });
});

describe("the names that people log in with", () => {
    it.each(["/?author=1", "/author/admin/", "/?author_name=admin"])("are at no address: %s", async path => {
        const { status, headers } = await ask({ path });
        expect({ status, location: headers.location }).toEqual({ status: 404, location: undefined });
    });

    it.each(["/wp-json/wp/v2/users", "/wp-json/wp/v2/users/1", "/?rest_route=/wp/v2/users"])("are for who is logged in: %s", async path => {
        expect((await ask({ path })).status).toBe(401);
        expect((await ask({ path, headers: admin.credentials })).text).toContain('"slug"');
    });

    it("are on no page of the administrator's", async () => {
        const { link } = await admin.publish("Hello from nobody", "text");
        const { pathname } = new URL(link);
        for (const path of [
            pathname, "/feed/", "/?feed=atom", `${pathname}embed/`, "/wp-json/wp/v2/posts?_embed",
            `/wp-json/oembed/1.0/embed?url=${encodeURIComponent(`${address}${pathname}`)}`,
        ]) {
            const { status, text } = await ask({ path });
            expect({ path, status, names: text.match(/(creator|author|name|by)[^a-z]{1,40}admin\b.{0,40}/gi) }).toEqual({ path, status: 200, names: null });
        }
        expect((await ask({ path: "/wp-sitemap.xml" })).text).not.toContain("wp-sitemap-users");
    });
});

describe("what is too large", () => {
    it("is answered by a page that says how large a file may be", async () => {
        // Answered by its length, before any of it is sent.
        const headers = { ...admin.credentials, "Content-Type": form, "Content-Length": String(70 << 20) };
        const { status, text } = await ask({ method: "POST", path: "/wp-admin/async-upload.php", headers });
        expect(status).toBe(413);
        expect(text).toMatch(/<h1>Too large<\/h1>.*files of up to 64 MB/);
    });
});

/** Opens so many connections to a port, holds them for so many seconds, and prints how many were not closed. */
const hold = `
for ((i = 0; i < $3; i++)); do exec {fd}<>/dev/tcp/$1/$2; fds+=($fd); done
sleep $4
open=0
for fd in "\${fds[@]}"; do read -r -t 0.03 -u $fd; [ $? -le 128 ] || open=$((open + 1)); done
echo $open`;

describe("who opens as many connections as a proxy lets him", () => {
    it("gets the limit and no more, and leaves room for everybody else", async () => {
        const cluster = await Cluster.connect();
        const envoy = await cluster.readyPod("envoy", "landfall-gateway");
        const figures = async () => cluster.get(envoy, 9001, "/stats?filter=connection_limit");
        const refused = async () => Number(/limited_connections: (\d+)/.exec(await figures())?.[1]);
        const before = await refused();
        const { spec, status } = envoy;
        const held = onNode(spec?.nodeName ?? "", "bash", "-c", hold, "hold", status?.podIP ?? "", "8080", String(clientConnections + 50), "6");
        held.catch(() => undefined); // awaited below
        await until("the surplus to be refused", async () => (await refused()) >= before + 50, 30, 0.2);
        const others = await Promise.all(Array.from({ length: 10 }, () => ask({ path: "/wp-includes/images/w-logo-blue.png" })));
        expect(others.map(({ status }) => status)).toEqual(Array<number>(10).fill(200));
        expect(Number(await held)).toBe(clientConnections);
    });
});
