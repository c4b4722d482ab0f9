import { describe, expect, test } from "vitest";
import { parseSettings, SettingsError } from "../../../../../infra/config";

const least = { target: "gke", project: "acme-prod", region: "europe-west3", authorizedNetworks: ["203.0.113.0/24"] };

function parse(cluster: object) {
    return parseSettings({ cluster, environment: { name: "test", host: "www.example.com" } }, "prod").cluster;
}

function problemOf(change: object): string {
    try {
        parse({ ...least, ...change });
    } catch (error) {
        if (error instanceof SettingsError) {
            return error.problems.map(({ key, problem, allowed }) => `${key} ${problem}: ${allowed}`).join("\n");
        }
        throw error;
    }
    return "";
}

describe("a cluster of GKE", () => {
    test("needs no more than a project, a region and from where it is reached", () => {
        expect(parse(least)).toMatchObject({
            name: "landfall-prod", size: "production", provisioning: "pools", network: "10.20.0.0/16",
            maintenance: { day: "Sunday", start: "02:00", hours: 12 }, admins: [], viewers: [], tags: {},
        });
    });

    test.each<[string, object, RegExp]>([
        ["no allow list", { authorizedNetworks: [] }, /authorizedNetworks is not valid: .*at least 1/],
        ["a project's name in place of its id", { project: "Acme Production" }, /project is not valid: a project's id/],
        ["a zone in place of a region", { region: "europe-west3-a" }, /region is not valid: a region such as/],
        ["a zone of another region", { zones: ["us-east1-b", "europe-west3-a"] },
            /zones are not all in landfall:cluster.region/],
        ["one zone for production", { zones: ["europe-west3-a"] }, /zones is one zone only.*two zones or more/s],
        ["a window that GKE refuses", { maintenance: { hours: 4 } },
            /maintenance.hours is less than 12: a whole number from 12/],
        ["machines without regional disks", { nodePools: { web: { machineType: "c4-standard-4" } } },
            /machineType is not valid: a machine type of the families E2, N1, N2 and N2D/],
        ["a name that begins with a digit", { name: "1st" }, /name begins with a digit/],
        ["a name that leaves no room for its accounts", { name: "a".repeat(25) }, /name has 25 characters: 1 to 24/],
        ["everybody", { admins: ["allUsers"] }, /admins.0 is not valid|admins is not valid/],
        ["pools and Autopilot", { provisioning: "auto", nodePools: { web: { machineType: "e2-standard-4" } } },
            /nodePools have no effect/],
    ])("is refused with %s", (_, change, problem) => {
        expect(problemOf(change)).toMatch(problem);
    });

    test("may be in one zone for development, and lets in any kind of principal", () => {
        expect(problemOf({
            size: "development",
            zones: ["europe-west3-a"],
            admins: ["group:platform@example.com", "serviceAccount:ci@acme-prod.iam.gserviceaccount.com"],
            viewers: ["principalSet://iam.googleapis.com/locations/global/workforcePools/acme/group/developers"],
        })).toBe("");
    });
});
