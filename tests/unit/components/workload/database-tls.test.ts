import { X509Certificate } from "node:crypto";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { Registered } from "../../../../infra/cli/capture";
import { captureAgain, Manifest, object, pods, runStack } from "../../support/program";

interface Secret extends Manifest { stringData: Record<string, string> }

let resources: Registered[];
beforeAll(async () => {
    resources = await runStack("dev");
});

const files = (name: string, from = resources) => object<Secret>(from, "Secret", name).stringData;
const environment = (name: string) => object<{ data: Record<string, string> }>(resources, "ConfigMap", `${name}-environment`).data;
const template = (from: Registered[]) => object(from, "StatefulSet", "database").spec.template;

describe("the connection to the database", () => {
    it("is one that web and tasks verify, without being able to pose as the database", () => {
        const server = new X509Certificate(files("database-tls")["tls.crt"]);
        for (const client of ["web", "scheduled-tasks"]) {
            expect(environment(client).WORDPRESS_DB_CA_FILE).toBe("/etc/landfall/credentials/database-ca.crt");
            const authority = new X509Certificate(files(`${client}-credentials`)["database-ca.crt"]);
            expect(server.checkIssued(authority) && server.verify(authority.publicKey)).toBe(true);
            expect(server.checkIP(environment(client).WORDPRESS_DB_HOST)).toBeDefined();
        }
        const { "tls.key": key } = files("database-tls");
        expect(key).toContain("PRIVATE KEY");
        const others = resources.filter(({ inputs, name }) => JSON.stringify(inputs).includes(JSON.stringify(key).slice(1, -1)) && name !== "database-tls");
        expect(others).toEqual([]);
    });

    it("has keys of its own in each environment", async () => {
        const { "tls.crt": certificate } = files("database-tls", await runStack("dev", { environment: { name: "uat", host: "uat.localhost" } }));
        expect(new X509Certificate(certificate).checkHost("database.uat.svc")).toBeDefined();
        expect(new X509Certificate(certificate).checkHost("database.development.svc")).toBeUndefined();
    });

    it("must be encrypted, also for old data once all clients are updated", () => {
        expect(environment("database").MARIADB_TLS).toBe("required");
        const told = resources.find(({ name }) => name === "database-clients")!;
        const urn = (kind: string, name: string) => resources.find(({ inputs, name: found }) => inputs.kind === kind && found === name)!.urn;
        expect(told.dependsOn).toEqual(expect.arrayContaining([urn("Deployment", "web"), urn("CronJob", "scheduled-tasks")]));
        const web = pods(resources).find(({ owner }) => owner === "Deployment/web")!.spec;
        expect(Number((told.inputs.data as Record<string, string>).encrypted)).toBeGreaterThan(web.terminationGracePeriodSeconds!);
        // The database starts before, and goes on if it never comes.
        const { volumes } = pods(resources).find(({ owner }) => owner === "StatefulSet/database")!.spec;
        expect(volumes).toContainEqual({ name: "etc-landfall-clients", configMap: { name: "database-clients", optional: true } });
    });
});

describe("when the certificate's term ends", () => {
    afterEach(() => void vi.useRealTimers());

    it("the next run gives the database another one, and restarts it for nothing", async () => {
        const at = async (date: string) => {
            vi.useFakeTimers({ toFake: ["Date"], now: new Date(date) });
            const { resources } = await captureAgain("dev");
            vi.useRealTimers();
            return resources;
        };
        const [before, after] = [await at("2029-12-01"), await at("2030-02-01")];
        expect(files("database-tls", after)["tls.crt"]).not.toBe(files("database-tls", before)["tls.crt"]);
        expect(files("database-tls", after)["tls.key"]).toBe(files("database-tls", before)["tls.key"]);
        expect(template(after)).toEqual(template(before));
        expect(object(after, "StatefulSet", "database").metadata.annotations).toMatchObject({
            "landfall.dev/certificate-expires": "2045-01-01T00:00:00.000Z",
        });
    });
});
