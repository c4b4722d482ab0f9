import type { EngineEvent } from "@pulumi/pulumi/automation/events";
import { describe, expect, it, vi } from "vitest";
import { checkPair, checkTarget } from "../../../../../infra/cli/promote/checks";
import type { Entry, Standing } from "../../../../../infra/cli/promote/history";
import type { Place } from "../../../../../infra/cli/promote/place";
import { planOf } from "../../../../../infra/cli/preview/plan";
import { describePlan } from "../../../../../infra/cli/promote/preview";
import * as repository from "../../../../../infra/cli/promote/repository";
import { parseSettings } from "../../../../../infra/config";

vi.mock("../../../../../infra/cli/promote/repository");

const place = (name: string, app: object = {}) =>
    ({ name, settings: parseSettings({ cluster: { target: "kind" }, app }, name), command: (word: string) => `npm run ${word}` }) as unknown as Place;
const services = { type: "services", services: { web: { image: "example.com/shop:1", port: 8080, exposed: true } } };

describe("two stacks", () => {
    it("that differ in what belongs to a place are fine", () => {
        expect(() => checkPair(place("uat", { web: { replicas: { max: 2 } } }), place("prod", { web: { replicas: { max: 12 } } }), [])).not.toThrow();
    });

    it("of which the second deletes its images are refused: it may have to go back to them", () => {
        const deleting = (name: string): Place => {
            const found = place(name);
            return { ...found, settings: { ...found.settings, environment: { ...found.settings.environment, images: "delete" } } } as Place;
        };
        expect(() => checkPair(place("dev"), deleting("uat"), [])).toThrow(/"uat" deletes its images.*images: retain in Pulumi\.uat\.yaml.*Nothing was changed/s);
        expect(() => checkPair(deleting("dev"), place("uat"), [])).not.toThrow();
    });

    it("of different types are refused", () => {
        expect(() => checkPair(place("uat"), place("prod", services), [])).toThrow(/"uat" runs wordpress, and "prod" runs services/);
    });

    it("that differ in what the application does are refused, with keys, values and what to do, unless it is allowed", () => {
        const [uat, prod] = [place("uat", { web: { requestSeconds: 30 } }), place("prod", { tasks: { everyMinutes: 5 } })];
        expect(() => checkPair(uat, prod, [])).toThrow(/landfall:app\.web\.requestSeconds: 30 in "uat", 60 in "prod".*--differ app\.tasks\.everyMinutes,app\.web\.requestSeconds.*Nothing was changed/s);
        expect(() => checkPair(uat, prod, ["app.web.requestSeconds"])).toThrow(/tasks/);
        expect(() => checkPair(uat, prod, ["app.web", "app.tasks"])).not.toThrow();
        expect(() => checkPair(uat, prod, ["app.we", "app.tasks"])).toThrow(/requestSeconds/);
    });
});

describe("a target", () => {
    const bundle = { application: "wordpress" as const, commit: "c".repeat(40), images: {}, settings: "" };
    const event = (more: object = {}) => ({ number: 1, time: "2026-11-29T12:00:00Z", event: "started", who: { name: "a", host: "b", pid: 1 }, ...more }) as Entry;
    const good: Standing = { good: { started: event({ bundle: { ...bundle, commit: "d".repeat(40) } }), ended: event() } };
    const check = (standing: Standing, downgrade = false) => checkTarget(place("prod"), standing, bundle, { directory: "." , commit: bundle.commit }, downgrade);

    it("on hold is refused, with the cause and how to release it", () => {
        expect(() => check({ hold: event({ note: "50 of 500 requests failed" }) })).toThrow(/on hold since 2026.*50 of 500 requests failed.*npm run promote -- --release prod/s);
    });

    it("without a history, or with an earlier commit, is fine", () => {
        expect(() => check({})).not.toThrow();
        vi.mocked(repository.direction).mockReturnValue("forwards");
        expect(() => check(good)).not.toThrow();
    });

    it.each([["backwards", /is older than that/], ["sideways", /on another branch/], ["unknown", /git fetch --unshallow/]] as const)(
        "with a commit from which it goes %s is refused, unless that is meant", (way, message) => {
            vi.mocked(repository.direction).mockReturnValue(way);
            expect(() => check(good)).toThrow(message);
            expect(() => check(good)).toThrow(/--downgrade/);
            expect(() => check(good, true)).not.toThrow();
        });
});

describe("a preview", () => {
    const step = (op: string, kind: string, name: string): EngineEvent => {
        const type = `kubernetes:${kind}`;
        return { resourcePreEvent: { metadata: { op, type, urn: `urn:pulumi:prod::landfall::${type}::${name}` } } } as EngineEvent;
    };

    it("tells first what would lose data, and each replacement once", () => {
        const plan = planOf("prod", [
            step("update", "apps/v1:Deployment", "web"),
            step("create-replacement", "core/v1:PersistentVolumeClaim", "data"), step("delete-replaced", "core/v1:PersistentVolumeClaim", "data"),
        ]);
        expect(describePlan(plan)).toEqual(["! ± PersistentVolumeClaim data: loses a volume with its files", "~ Deployment web"]);
    });
});
