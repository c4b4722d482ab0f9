import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { describe, expect, it, vi } from "vitest";
import { dnsRecords } from "../../../../../components/platform/dns";
import { describeRecords, whereTo } from "../../../../../infra/cli/start/answer";
import { keepFiles } from "../../../../../infra/cli/start/files";
import { stackFile } from "../../../../../infra/cli/stack/home";

describe("a host's name", () => {
    const record = (value: string) => [{ name: "localhost", type: "A" as const, value }];

    it("leads to the gateway, elsewhere, or nowhere", async () => {
        expect(await whereTo("localhost", record("127.0.0.1"))).toBe("there");
        expect(await whereTo("localhost", record("192.0.2.1"))).toBe("elsewhere");
        expect(await whereTo("localhost", [])).toBe("there");
        expect(await whereTo("nowhere.invalid", record("192.0.2.1"))).toBe("nowhere");
    });
});

describe("the DNS records to create", () => {
    it("explain once, in the providers' words, what the top of a domain needs", () => {
        const text = describeRecords(dnsRecords(["www.example.com", "example.com", "example.org"], "lb.example.net"));
        expect(text).toContain("www.example.com CNAME lb.example.net, example.com ALIAS lb.example.net, example.org ALIAS lb.example.net");
        expect(text.match(/in Route 53 an A record with Alias/g)).toHaveLength(1);
        expect(describeRecords(dnsRecords(["example.com"], "203.0.113.9"))).toBe("example.com A 203.0.113.9");
    });
});

describe("the files of a stack", () => {
    it("are for this user alone, and go with what they are of", () => {
        const directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-files-"));
        vi.stubEnv("LANDFALL_HOME", directory);
        try {
            keepFiles("dev", { kubeconfig: "k", adminPassword: "p", caCertificate: "c" });
            const kept = (name: "kubeconfig" | "admin-password" | "ca.crt") => stackFile("dev", name);
            expect(fs.readFileSync(kept("kubeconfig"), "utf8")).toBe("k");
            if (process.platform !== "win32") expect(fs.statSync(kept("kubeconfig")).mode & 0o777).toBe(0o600);
            keepFiles("dev", { kubeconfig: "k", adminPassword: "p" });
            expect(fs.existsSync(kept("ca.crt"))).toBe(false);
            expect(fs.existsSync(kept("admin-password"))).toBe(true);
        } finally {
            vi.unstubAllEnvs();
            fs.rmSync(directory, { recursive: true });
        }
    });
});
