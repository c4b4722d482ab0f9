import * as fc from "fast-check";
import { createPrivateKey, X509Certificate } from "node:crypto";
import type { AddressInfo } from "node:net";
import * as tls from "node:tls";
import { describe, expect, it } from "vitest";
import { identityDigest, issueCertificate, type ServerCertificate } from "../../../../components/workload/certificate";

const address = "127.0.0.1";
const names = ["database", "database.production", "database.production.svc", "database.production.svc.cluster.local"];
const identity = { seed: "a seed", names, address };
const now = new Date("2026-11-30T12:00:00Z");
const years = (count: number): number => count * 365 * 86_400_000;

const issued = issueCertificate(identity, now);
const authority = new X509Certificate(issued.authority);
const server = new X509Certificate(issued.certificate);

describe("the certificate of a database", () => {
    it("is valid for its names and its address only", () => {
        for (const name of names) expect(server.checkHost(name), name).toBe(name);
        expect(server.checkIP(address)).toBe(address);
        for (const other of ["web.production.svc", "database.other.svc", "localhost"]) expect(server.checkHost(other), other).toBeUndefined();
        expect(server.checkIP("127.0.0.2")).toBeUndefined();
    });

    it("belongs to its key, and can't sign another", () => {
        expect(server.checkPrivateKey(createPrivateKey(issued.key))).toBe(true);
        expect(authority.checkPrivateKey(createPrivateKey(issued.key))).toBe(false);
        expect([authority.ca, server.ca]).toEqual([true, false]);
        expect(server.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]); // a server's
        expect(server.checkIssued(authority) && server.verify(authority.publicKey)).toBe(true);
    });

    it("is the same whenever it is issued, until its term ends", () => {
        expect(issueCertificate(identity, new Date("2025-01-01T00:00:00Z"))).toEqual(issued);
        expect(issueCertificate(identity, new Date("2029-12-31T23:59:59Z"))).toEqual(issued);
        expect(issueCertificate(identity, new Date("2030-01-01T00:00:00Z")).certificate).not.toBe(issued.certificate);
        expect(new Set([authority.serialNumber, server.serialNumber]).size).toBe(2);
    });

    it("is another one for another seed, address or name, and so is what restarts the server", () => {
        for (const change of [{ seed: "b" }, { address: "127.0.0.2" }, { names: names.slice(1) }]) {
            expect(issueCertificate({ ...identity, ...change }, now).certificate).not.toBe(issued.certificate);
            expect(identityDigest({ ...identity, ...change })).not.toBe(identityDigest(identity));
        }
    });

    it("is valid for ten years after any run, whatever the seed and the name", () => {
        const label = fc.stringMatching(/^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/);
        const date = fc.date({ min: new Date("2026-01-01"), max: new Date("2090-01-01"), noInvalidDate: true });
        fc.assert(fc.property(fc.string(), label, label, fc.ipV4(), date, (seed, name, namespace, address, now) => {
            const names = [name, `${name}.${namespace}.svc`];
            const [one, next] = [now, new Date(now.getTime() + years(5.1))].map(when => issueCertificate({ seed, names, address }, when));
            const [certificate, later] = [one, next].map(each => new X509Certificate(each.certificate));
            const [trusted, trustedLater] = [one, next].map(each => new X509Certificate(each.authority));
            expect(one.expires.getTime() - now.getTime()).toBeGreaterThan(years(9.99));
            for (const each of [certificate, trusted]) {
                expect(Date.parse(each.validTo)).toBe(one.expires.getTime());
                expect(now.getTime() - Date.parse(each.validFrom)).toBeGreaterThanOrEqual(years(1));
            }
            expect(next.expires.getTime()).toBeGreaterThan(one.expires.getTime());
            // A client of either term accepts a server of the other.
            for (const [leaf, root] of [[certificate, trusted], [later, trusted], [certificate, trustedLater]]) {
                expect(leaf.checkIssued(root) && leaf.verify(root.publicKey)).toBe(true);
            }
        }), { numRuns: 50 });
    });
});

describe("a client of the database", () => {
    const other = { ...identity, seed: "another seed" };
    const previous = issueCertificate(identity, new Date("2024-12-31T00:00:00Z"));

    it.each<[string, { trusts?: ServerCertificate; meets?: ServerCertificate; as?: string }, string?]>([
        ["accepts it by its address", {}],
        ["accepts it by its name", { as: "database.production.svc" }],
        ["accepts it while the server still has the previous term's", { meets: previous }],
        ["accepts it while only the server has the new term's", { trusts: previous }],
        ["refuses it under another name", { as: "web.production.svc" }, "Hostname/IP does not match certificate's altnames"],
        ["refuses one of another authority", { meets: issueCertificate(other, now) }, "unable to verify the first certificate"],
        // The authority's key signed it, and its own certificate doesn't let it.
        ["refuses one that the authority may not sign", {
            trusts: issueCertificate({ ...identity, address: "127.0.0.2" }, now),
        }, "permitted subtree violation"],
    ])("%s", async (_, { trusts = issued, meets = issued, as = address }, refusal) => {
        expect(await connect(trusts.authority, meets, as)).toEqual(refusal === undefined ? undefined : expect.stringContaining(refusal));
    });
});

/** Connects to a server with the certificate. Returns why the client refuses it. */
async function connect(ca: string, { certificate, key }: ServerCertificate, as: string): Promise<string | undefined> {
    const server = tls.createServer({ cert: certificate, key, minVersion: "TLSv1.3" }).listen(0, address);
    await new Promise(resolve => server.once("listening", resolve));
    try {
        return await new Promise(resolve => {
            const { port } = server.address() as AddressInfo;
            const socket = tls.connect({ host: address, port, ca, checkServerIdentity: (_, found) => tls.checkServerIdentity(as, found) });
            const end = (reason?: string) => { socket.destroy(); resolve(reason); };
            socket.once("secureConnect", () => end()).once("error", ({ message }) => end(message));
        });
    } finally {
        await new Promise(resolve => server.close(resolve));
    }
}
