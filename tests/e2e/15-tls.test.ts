import { beforeAll, describe, expect, it } from "vitest";
import { waitForAnswer } from "../../infra/cli/start/answer";
import { Cluster } from "./support/kubernetes";
import { Load } from "./support/load";
import { address, names } from "./support/names";
import { ask, authority } from "./support/site";
import { adminPassword, ensureUp, figure } from "./support/stack";
import { sleep, timed, until } from "./support/wait";

const namespace = "landfall-certificates";
const secret = { name: `gateway-${names.host}`, namespace };

let cluster: Cluster;

beforeAll(async () => {
    await ensureUp();
    cluster = await Cluster.connect();
});

describe("the certificate", () => {
    it("is for the site's name, signed by the authority that the start has named", async () => {
        const { certificate } = await ask({ path: "/" });
        expect(certificate?.subjectaltname).toBe(`DNS:${names.host}`);
        const days = (Date.parse(certificate?.valid_to ?? "") - Date.now()) / 86_400_000;
        expect(days).toBeGreaterThan(30);
        expect(days).toBeLessThan(398); // the longest that browsers accept
        figure("days that the certificate is valid", Math.round(days));
    });

    it("is not believed without that authority, nor for another name", async () => {
        await expect(ask({ path: "/", ca: undefined })).rejects.toThrow(/unable to (verify|get)|self[- ]signed/);
        await expect(ask({ path: "/", servername: `www.${names.host}` })).rejects.toThrow();
        const start = (seconds: number, ca?: string) => waitForAnswer(address, { local: true, ca }, undefined, seconds * 1000);
        expect(await start(120, authority())).toEqual({ answers: true, last: "200" });
        expect((await start(0)).answers).toBe(false);
    });

    it("comes from an authority that vouches for the site alone", async () => {
        const { spec } = (await cluster.objects.read({
            apiVersion: "cert-manager.io/v1", kind: "Certificate", metadata: { name: "ca", namespace },
        })) as { spec?: { nameConstraints?: object } };
        expect(spec?.nameConstraints).toEqual({ critical: true, permitted: { dnsDomains: [names.host] } });
        const { data } = await cluster.core.readNamespacedSecret({ name: "ca", namespace });
        expect(Buffer.from(data?.["tls.crt"] ?? "", "base64").toString()).toBe(authority());
    });

    it("is renewed with a new key, and no visitor notices", async () => {
        const { certificate: before } = await ask({ path: "/" });
        const shown = async () => (await ask({ path: "/" })).certificate;
        const load = new Load("requests while the certificate was renewed");
        try {
            await until("the first answers", async () => load.answered > 5, 120, 0.2);
            const seconds = await timed(async () => {
                await renew();
                await until("another certificate", async () => (await shown())?.fingerprint256 !== before?.fingerprint256, 300, 0.2);
            });
            // Each of the two proxies changes in its own time.
            await until("no proxy to show the old one", async () => {
                for (let n = 0; n < 15; n++) if ((await shown())?.fingerprint256 === before?.fingerprint256) return false;
                return true;
            });
            await sleep(5000);
            figure("from the renewal's begin to the new certificate's first answer", `${seconds} s`);
        } finally {
            expect(await load.end()).toEqual([]);
        }
        const { certificate: after } = await ask({ path: "/" });
        expect(after?.pubkey).not.toEqual(before?.pubkey);
        expect(after?.subjectaltname).toBe(before?.subjectaltname);
    });

    /** What cert-manager does by itself when two thirds of a certificate's life are over. */
    async function renew(): Promise<void> {
        const certificate = { apiVersion: "cert-manager.io/v1", kind: "Certificate", metadata: secret };
        const { status } = (await cluster.objects.read(certificate)) as { status?: { conditions?: object[] } };
        const condition = {
            type: "Issuing", status: "True", reason: "ManuallyTriggered", message: "asked for by the test",
            lastTransitionTime: new Date().toISOString(),
        };
        const conditions = [...(status?.conditions ?? []), condition];
        await cluster.patchStatus("cert-manager.io", "v1", "certificates", secret, { conditions });
    }
});

describe("HTTP", () => {
    it("is sent on to HTTPS, path and query with it", async () => {
        for (const path of ["/", "/wp-login.php?redirect_to=%2F"]) {
            const { status, headers } = await ask({ path, insecure: true });
            expect([status, headers.location]).toEqual([301, `${address}${path}`]);
        }
    });

    it("isn't used twice: HSTS makes browsers stay with HTTPS", async () => {
        for (const path of ["/", "/wp-login.php", "/wp-includes/images/w-logo-blue.png", "/none"]) {
            const { headers } = await ask({ path });
            expect(headers["strict-transport-security"], path).toBe("max-age=31536000");
        }
    });
});

describe("WordPress", () => {
    it("knows that it is behind TLS: nothing on its pages comes by HTTP", async () => {
        for (const path of ["/", "/wp-login.php"]) {
            const { status, text } = await ask({ path });
            expect(status).toBe(200);
            const links = [...text.matchAll(/(?:src|href|action)=["'](https?:\/\/[^"']+)/g)].map(match => match[1]);
            expect(links.filter(link => link.startsWith(`${address}/`)).length, path).toBeGreaterThan(0);
            expect(links.filter(link => link.startsWith(`http://${names.host}`)), path).toEqual([]);
        }
    });

    it("gives a session's cookies to HTTPS only", async () => {
        const form = new URLSearchParams({ log: "admin", pwd: adminPassword(), testcookie: "1" });
        const { status, headers } = await ask({
            method: "POST", path: "/wp-login.php", body: form.toString(), headers: {
                "Content-Type": "application/x-www-form-urlencoded",
                Cookie: "wordpress_test_cookie=WP%20Cookie%20check",
            },
        });
        expect([status, headers.location]).toEqual([302, `${address}/wp-admin/`]);
        const sessions = (headers["set-cookie"] ?? []).filter(cookie => /^wordpress_(sec|logged_in)_/.test(cookie));
        expect(sessions.length).toBeGreaterThanOrEqual(2);
        expect(sessions.filter(cookie => !/;\s*secure/i.test(cookie) || !/;\s*HttpOnly/i.test(cookie))).toEqual([]);
    });
});
