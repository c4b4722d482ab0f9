import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Bundle, bundleName, differences, digestOf, sharedSettings } from "../../../../../infra/cli/promote/bundle";
import { parseSettings } from "../../../../../infra/config";

const bundle: Bundle = {
    application: "wordpress", commit: "c".repeat(40), settings: `sha256:${"5".repeat(64)}`,
    images: { web: `sha256:${"a".repeat(64)}`, database: `sha256:${"b".repeat(64)}` },
};
const shared = (raw: Record<string, unknown>, stack = "test") => sharedSettings(parseSettings({ cluster: { target: "kind" }, ...raw }, stack));

describe("a bundle's name", () => {
    it("doesn't depend on the order of anything in it", () => {
        fc.assert(fc.property(fc.dictionary(fc.string(), fc.jsonValue()), content => {
            const reversed = Object.fromEntries(Object.entries(content).reverse());
            expect(digestOf(reversed)).toBe(digestOf(content));
        }));
        expect(bundleName({ ...bundle, images: { database: bundle.images.database, web: bundle.images.web } })).toBe(bundleName(bundle));
    });

    it("is the same in every version of this program", () => {
        expect(bundleName(bundle)).toBe("sha256:81f2ba278de81eb871b7a9a4e5c538b46e778dc8208cc3ffcdbfb08136a96c7b");
    });

    it.each<[string, Partial<Bundle>]>([
        ["another commit", { commit: "d".repeat(40) }], ["another image", { images: { ...bundle.images, web: `sha256:${"e".repeat(64)}` } }],
        ["one image less", { images: { web: bundle.images.web } }], ["other settings", { settings: `sha256:${"6".repeat(64)}` }],
        ["exchanged images", { images: { web: bundle.images.database, database: bundle.images.web } }],
    ])("is another with %s", (_, change) => expect(bundleName({ ...bundle, ...change })).not.toBe(bundleName(bundle)));
});

describe("shared settings", () => {
    it("have nothing of a place: its cluster, gateway, host, sizes, volumes, mail relay and logs", () => {
        const laptop = shared({});
        const cloud = shared({
            cluster: { target: "existing", kubeconfig: "x", registry: "registry.example.com" }, gateway: { clientConnections: 1000 },
            environment: { name: "production", host: "www.example.com", size: "large" }, logs: { keepDays: 90 },
            app: {
                title: "Shop", images: { date: "2026-11-05" }, web: { image: "registry.example.com/web:1", replicas: { min: 3, max: 9 }, uploads: { size: "50Gi", storageClass: "shared" } },
                database: { volume: "50Gi", storageClass: "fast", memory: { limit: "8Gi" } }, mail: { host: "smtp.example.com", from: "a@example.com" },
            },
        }, "production");
        expect(differences(laptop, cloud)).toEqual([]);
    });

    it.each<[string, object]>([
        ["app.web.requestSeconds", { web: { requestSeconds: 30 } }], ["app.web.uploads.maxFile", { web: { uploads: { maxFile: "32Mi" } } }],
        ["app.tasks.everyMinutes", { tasks: { everyMinutes: 5 } }],
    ])("have %s, which the application behaves by", (key, app) => {
        expect(differences(shared({}), shared({ app }))).toEqual([key]);
    });

    it("of services are what they run, not how large", () => {
        const services = (more: object, large: object = {}) => shared({
            app: { type: "services", services: { web: { image: "example.com/shop:1", port: 8080, exposed: true, ...more, ...large } } },
        });
        expect(differences(services({}), services({}, { image: "example.com/shop:2", replicas: { min: 2, max: 4 }, cpu: { limit: "2" } }))).toEqual([]);
        expect(differences(services({ environment: { MODE: "a" } }), services({ environment: { MODE: "b" } }))).toEqual(["app.services.web.environment.MODE"]);
        expect(differences(services({}), services({ talksTo: [], command: ["serve"] }))).toEqual(["app.services.web.command"]);
    });

    it("have no secret, and no digest of one", () => {
        const secrets = { adminPassword: "hunter2hunter2", secrets: { apiKey: "hunter3" } };
        const settings = { ...parseSettings({ cluster: { target: "kind" } }, "test"), ...secrets, mailPassword: "hunter4" };
        expect(JSON.stringify(sharedSettings(settings))).not.toMatch(/hunter|apiKey|assword/);
        expect(digestOf(sharedSettings(settings))).toBe(digestOf(sharedSettings(parseSettings({ cluster: { target: "kind" } }, "test"))));
    });
});
