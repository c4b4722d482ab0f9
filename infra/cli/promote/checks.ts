import { statusOf } from "../status";
import { screen } from "../status/screen";
import type { Terminal } from "../terminal";
import { UserError } from "../terminal/errors";
import { type Bundle, bundleName, differences, digestOf, sharedSettings, short } from "./bundle";
import type { Standing } from "./history";
import { bundledImages, type RunningImage } from "./images";
import { type Driver, imagesOf, type Place } from "./place";
import { direction, type Repository } from "./repository";
import { describeChange, planned } from "./preview";

function refuse(problem: string, action: string): never {
    throw new UserError(`${problem}\n${action}\nNothing was changed.`);
}

/** Refuses stacks that can't run the same. */
export function checkPair(from: Place, to: Place, differ: readonly string[]): void {
    const [one, other] = [from.settings.app.type, to.settings.app.type];
    if (one !== other) {
        refuse(
            `The stack "${from.name}" runs ${one}, and "${to.name}" runs ${other} (landfall:app.type): a promotion doesn't change what an application is.`,
            `Promote to a stack that runs ${one}.`,
        );
    }
    if (to.settings.environment.images === "delete") {
        refuse(
            `The stack "${to.name}" deletes its images when it stops building them (landfall:environment.images). A promotion may need them to go back.`,
            `Set images: retain in Pulumi.${to.name}.yaml, and bring it up: ${to.command("start")}`,
        );
    }
    const [tested, wanted] = [from, to].map(({ settings }) => sharedSettings(settings));
    const keys = differences(tested, wanted).filter(key => !differ.some(allowed => key === allowed || key.startsWith(`${allowed}.`)));
    if (keys.length === 0) return;
    const shown = keys.map(key => `  landfall:${key}: ${JSON.stringify(tested[key]) ?? "not set"} in "${from.name}", ${JSON.stringify(wanted[key]) ?? "not set"} in "${to.name}"`);
    refuse(
        `The stacks differ in settings that they must share, so "${to.name}" wouldn't run what was tested in "${from.name}":\n${shown.join("\n")}`,
        `Set the same in Pulumi.${from.name}.yaml and Pulumi.${to.name}.yaml, bring "${from.name}" up and test; or allow it: --differ ${keys.join(",")}`,
    );
}

/** What was tested in a stack, if it is healthy and is what this commit says. */
export async function testedBundle(from: Place, driver: Driver, { commit }: Repository, terminal: Terminal): Promise<{ bundle: Bundle; running: Record<string, RunningImage> }> {
    const status = await statusOf(from);
    const ill = status.problems.filter(({ severity }) => severity === "outage" || severity === "failing");
    const late = status.parts.filter(({ namespace, ready, wanted }) => namespace === from.namespace && ready < wanted);
    if (ill.length > 0 || late.length > 0) {
        terminal.line(screen(status, from.file));
        refuse(
            `The stack "${from.name}" isn't healthy, so nothing in it counts as tested: ${ill.length > 0 ? `${ill[0].object} ${ill[0].matter}` : `${late[0].name} has ${late[0].ready} of ${late[0].wanted} pods ready`}`,
            `What to do: ${from.command("status")}`,
        );
    }
    const running = await imagesOf(from);
    const pending = (await planned(driver.engine, from.name, driver.rewrite())).changes;
    if (pending.length > 0) {
        refuse(
            `The stack "${from.name}" doesn't run what the commit ${commit.slice(0, 12)} says. Applying it would still change:\n${pending.slice(0, 10).map(change => `  ${describeChange(change)}`).join("\n")}`,
            `Bring it up, and test it: ${from.command("start")}`,
        );
    }
    const images = await bundledImages(running, from.named, from.name);
    return { bundle: { application: from.settings.app.type, commit, images, settings: digestOf(sharedSettings(from.settings)) }, running };
}

/** Refuses a target that is on hold, or that already runs something later. */
export function checkTarget(to: Place, { hold, good }: Standing, bundle: Bundle, repository: Repository, downgrade: boolean): void {
    if (hold) {
        refuse(
            `The stack "${to.name}" is on hold since ${hold.time}: ${hold.note ?? "it went back to its previous images"}`,
            `See what was wrong (npm run promote -- --history ${to.name}), then release it: npm run promote -- --release ${to.name}`,
        );
    }
    const last = good?.started.bundle?.commit;
    const way = last === undefined || downgrade ? "same" : direction(repository, last, bundle.commit);
    if (way === "same" || way === "forwards") return;
    const state = {
        backwards: "is older than that", sideways: "is on another branch, without that", unknown: "may be older: this clone doesn't have that commit (git fetch --unshallow)",
    }[way];
    refuse(
        `The commit ${last!.slice(0, 12)} was last promoted to "${to.name}", and ${bundle.commit.slice(0, 12)} ${state}.`,
        "If you do mean to go back to an earlier version: --downgrade. Going back can't undo what a newer version did to the database.",
    );
}

/** A bundle for people. */
export function describeBundle(bundle: Bundle): string {
    const images = Object.entries(bundle.images).map(([part, digest]) => `  ${part.padEnd(12)} ${digest}`);
    return [`Bundle ${short(bundleName(bundle))}: commit ${bundle.commit.slice(0, 12)}, settings ${short(bundle.settings)}`, ...images].join("\n");
}
