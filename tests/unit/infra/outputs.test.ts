import { describe, expect, it } from "vitest";
import { dnsRecords } from "../../../components/platform/dns";
import { captureStack } from "../support/program";

describe("what a stack tells people", () => {
    const outputsOf = async (stack: string) => (await captureStack(stack)).outputs;
    const always = ["address", "adminPassword", "adminUser", "endpoint", "images", "kubeconfig", "namespace", "version"];

    it("on a laptop is the address, who logs in, and the authority to trust", async () => {
        expect(Object.keys(await outputsOf("dev")).sort()).toEqual([...always, "caCertificate"].sort());
    });

    it.each(["eks", "gke", "aks"])("on %s is also what to write into DNS, and no authority of its own", async stack => {
        const outputs = await outputsOf(stack);
        expect(Object.keys(outputs).sort()).toEqual([...always, "dnsRecords"].sort());
        expect(outputs.address).toMatch(/^https:\/\//);
    });

    it("is a record by the balancer's name or address, once it has one", () => {
        expect(dnsRecords(["www.example.com"], "a1.elb.example.com"))
            .toEqual([{ name: "www.example.com", type: "CNAME", value: "a1.elb.example.com" }]);
        expect(dnsRecords(["a.example.com", "b.example.com"], "203.0.113.9").map(({ name, type }) => `${name} ${type}`))
            .toEqual(["a.example.com A", "b.example.com A"]);
        expect(dnsRecords(["www.example.com"], "")).toEqual([]);
    });

    it.each([
        ["example.com", "ALIAS"], ["www.example.com", "CNAME"], ["example.co.uk", "ALIAS"], ["www.example.co.uk", "CNAME"],
        ["xn--bcher-kva.example", "ALIAS"], ["city.kawasaki.jp", "ALIAS"], ["shop.city.kawasaki.jp", "CNAME"],
    ])("for %s is of the type %s: the top of a domain has no CNAME", (host, type) => {
        const [record] = dnsRecords([host], "a1.elb.example.com");
        expect([record.type, record.value]).toEqual([type, "a1.elb.example.com"]);
        if (type === "ALIAS") for (const word of ["ALIAS", "ANAME", "Route 53", "Cloudflare"]) expect(record.note).toContain(word);
        expect(dnsRecords([host], "203.0.113.9")).toEqual([{ name: host, type: "A", value: "203.0.113.9" }]);
    });
});
