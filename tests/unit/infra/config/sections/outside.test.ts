import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { describe, expect, it } from "vitest";
import { captureProgram, type Registered } from "../../../../../infra/cli/capture";
import { readSettings } from "../../../../../infra/cli/stack/config";
import { parseSettings, SettingsError } from "../../../../../infra/config";
import { Manifest, object, objects, pods } from "../../../support/program";
import { wordPress } from "../../../support/application";

const relay = { host: "smtp.example.com", user: "site@example.com", from: "blog@example.com" };

async function program(app: object, mailPassword?: string): Promise<Registered[]> {
    const config = {
        "landfall:cluster": JSON.stringify({ target: "kind" }), "landfall:app": JSON.stringify(app),
        ...(mailPassword !== undefined && { "landfall:mailPassword": mailPassword }),
    };
    const secretKeys = mailPassword === undefined ? [] : ["landfall:mailPassword"];
    return (await captureProgram({ stack: "dev", config, secretKeys })).resources;
}

const environment = (resources: Registered[], workload: string) =>
    object<{ data: Record<string, string> }>(resources, "ConfigMap", `${workload}-environment`).data;

/** What the policies let a workload's pods reach by address, as `port → network except …`. */
function reached(resources: Registered[], workload: string): string[] {
    interface Policy extends Manifest {
        spec: {
            podSelector: { matchLabels?: Record<string, string> };
            egress?: { to?: { ipBlock?: { cidr: string; except?: string[] } }[]; ports?: { port: number; protocol: string }[] }[];
        };
    }
    return objects<Policy>(resources, "NetworkPolicy")
        .filter(({ metadata, spec }) => metadata.namespace === "dev" && spec.podSelector.matchLabels?.["app.kubernetes.io/name"] === workload)
        .flatMap(({ spec }) => (spec.egress ?? []).flatMap(({ to = [], ports = [] }) => to.flatMap(({ ipBlock }) =>
            ipBlock ? ports.map(({ port, protocol }) => `${port}/${protocol} → ${ipBlock.cidr}${ipBlock.except ? " but private ones" : ""}`) : [])));
}

describe("a mail relay", () => {
    it("is what web pods and scheduled tasks send mail by, with TLS, and with the password in a Secret alone", async () => {
        const resources = await program({ mail: relay }, "s3cret of the relay");
        for (const workload of ["web", "scheduled-tasks"]) {
            expect(environment(resources, workload), workload).toMatchObject({
                WORDPRESS_SMTP_HOST: "smtp.example.com", WORDPRESS_SMTP_PORT: "587", WORDPRESS_SMTP_TLS: "starttls",
                WORDPRESS_SMTP_USER: "site@example.com", WORDPRESS_MAIL_FROM: "blog@example.com",
                WORDPRESS_SMTP_PASSWORD_FILE: "/etc/landfall/credentials/smtp-password",
            });
            const secret = resources.find(({ inputs }) => inputs.kind === "Secret"
                && (inputs as unknown as Manifest).metadata.name === `${workload}-credentials`)!;
            expect((secret.inputs as { stringData: Record<string, string> }).stringData["smtp-password"]).toBe("s3cret of the relay");
            expect(secret.secrets.some(path => path.startsWith("stringData"))).toBe(true);
            expect(reached(resources, workload), workload).toEqual(["587/TCP → 0.0.0.0/0 but private ones"]);
        }
        const others = resources.filter(({ inputs }) => inputs.kind !== "Secret");
        expect(others.filter(({ inputs }) => JSON.stringify(inputs).includes("s3cret of the relay"))).toEqual([]);
    });

    it("rolls the web's pods when its password changes", async () => {
        const checksum = async (password: string) => pods(await program({ mail: relay }, password))
            .find(({ owner }) => owner === "Deployment/web")?.annotations["landfall.dev/config"];
        expect(await checksum("one")).not.toBe(await checksum("another"));
    });

    it("may be a private one without a login, whose address is then all that is opened", async () => {
        const resources = await program({ mail: { host: "10.1.2.3", port: 25, tls: "none", from: "blog@example.com" } });
        const { data } = object<{ data: Record<string, string> }>(resources, "ConfigMap", "web-environment");
        expect(data).toMatchObject({ WORDPRESS_SMTP_HOST: "10.1.2.3", WORDPRESS_SMTP_PORT: "25", WORDPRESS_SMTP_TLS: "none" });
        expect(Object.keys(data).filter(name => /SMTP_(USER|PASSWORD)/.test(name))).toEqual([]);
        expect(reached(resources, "web")).toEqual(["25/TCP → 10.1.2.3/32"]);
    });

    it("is read from a stack's file, whose password only Pulumi can decrypt", () => {
        const directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-mail-"));
        const file = path.join(directory, "Pulumi.dev.yaml");
        fs.writeFileSync(file, JSON.stringify({ config: {
            "landfall:cluster": { target: "kind" }, "landfall:app": { mail: relay }, "landfall:mailPassword": { secure: "v1:abc" },
        } }));
        expect(wordPress(readSettings("dev", file)).mail).toMatchObject({ host: "smtp.example.com", user: "site@example.com" });
        fs.rmSync(directory, { recursive: true });
    });

    it.each([[465, "tls"], [587, "starttls"], [2525, "starttls"]])("at port %s is spoken to by %s", (port, tls) => {
        const settings = parseSettings({ cluster: { target: "kind" }, app: { mail: { host: "a.example", from: "a@b.example", port } } }, "dev");
        expect(wordPress(settings).mail?.tls).toBe(tls);
    });
});

describe("hosts that the site may call", () => {
    it("reach WordPress by name, and the network policy by address and port", async () => {
        const resources = await program({ egress: {
            updates: { hosts: ["api.wordpress.org", "*.wordpress.org"] },
            shop: { hosts: ["10.9.0.7", "10.9.0.8"], port: 8443 },
            crm: { hosts: ["crm.corp.example"], networks: ["10.8.0.0/16"] },
            mixed: { hosts: ["a.example", "10.9.0.9"], port: 9000 },
        } });
        for (const workload of ["web", "scheduled-tasks"]) {
            expect(environment(resources, workload).WORDPRESS_ACCESSIBLE_HOSTS)
                .toBe("api.wordpress.org,*.wordpress.org,10.9.0.7,10.9.0.8,crm.corp.example,a.example,10.9.0.9");
            expect(reached(resources, workload).sort()).toEqual([
                "443/TCP → 0.0.0.0/0 but private ones", "443/TCP → 10.8.0.0/16", "8443/TCP → 10.9.0.7/32", "8443/TCP → 10.9.0.8/32",
                "9000/TCP → 0.0.0.0/0 but private ones", "9000/TCP → 10.9.0.9/32",
            ]);
        }
        expect(reached(resources, "database")).toEqual([]);
    });

    it("are none unless they are named", async () => {
        const resources = await program({});
        expect(environment(resources, "web")).not.toHaveProperty("WORDPRESS_ACCESSIBLE_HOSTS");
        expect(reached(resources, "web")).toEqual([]);
    });

    it("never let a pod ask a cloud's metadata service, unless someone says so", async () => {
        const resources = await program({ mail: relay, egress: { any: { hosts: ["a.example"] } } }, "password");
        const blocks = [...JSON.stringify(objects(resources, "NetworkPolicy")).matchAll(/"cidr":"0\.0\.0\.0\/0","except":(\[[^\]]*\])/g)];
        expect(blocks.length).toBe(4);
        for (const [, except] of blocks) expect(JSON.parse(except)).toContain("169.254.0.0/16");
    });
});

describe("what can't work outside is refused by name", () => {
    const keysRefused = (given: object): string[] => {
        try {
            parseSettings({ cluster: { target: "kind" }, ...given }, "dev");
            return [];
        } catch (error) {
            return (error as SettingsError).problems.map(({ key }) => key);
        }
    };
    it.each([
        [{ app: { mail: relay } }, ["landfall:app.mail.user"]],
        [{ app: { mail: { ...relay, user: undefined } }, mailPassword: "x" }, ["landfall:mailPassword"]],
        [{ mailPassword: "x" }, ["landfall:mailPassword"]],
        [{ app: { mail: relay }, mailPassword: "two\nlines" }, ["landfall:mailPassword"]],
        [{ app: { mail: { ...relay, host: "smtp://a.example" } }, mailPassword: "x" }, ["landfall:app.mail.host"]],
        [{ app: { mail: { ...relay, host: "300.1.1.1" } }, mailPassword: "x" }, ["landfall:app.mail.host"]],
        [{ app: { mail: { ...relay, from: "Blog <b@example.com>" } }, mailPassword: "x" }, ["landfall:app.mail.from"]],
        [{ app: { mail: { ...relay, port: 0 } }, mailPassword: "x" }, ["landfall:app.mail.port"]],
        [{ app: { mail: { ...relay, networks: [] } }, mailPassword: "x" }, ["landfall:app.mail.networks"]],
        [{ app: { egress: { a: { hosts: [] } } } }, ["landfall:app.egress.a.hosts"]],
        [{ app: { egress: { a: { hosts: ["https://a.example/"] } } } }, ["landfall:app.egress.a.hosts"]],
        [{ app: { egress: { a: { hosts: ["*"] } } } }, ["landfall:app.egress.a.hosts"]],
        [{ app: { egress: { a: { hosts: ["a.example"], networks: ["10.0.0.1/8"] } } } }, ["landfall:app.egress.a.networks"]],
        [{ app: { egress: { A_B: { hosts: ["a.example"] } } } }, ["landfall:app.egress.A_B"]],
    ])("%j", (given, keys) => {
        expect(keysRefused(given)).toEqual(keys);
    });
});
